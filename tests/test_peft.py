"""LoRA to and from `peft`: the same hidden states, with separate and with joint matrices."""

import json

import families
import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.migrate import merge, migrate
from kit.migrate.mixed.peft_adapter import read_adapter, write_adapter
from kit.models import ClassHead, Model
from kit.tokenizer import Tokenizer

pytestmark = [  # transformers' and peft's own
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
TARGETS = {
    "bert": ["query", "value"],
    "gpt2": ["c_attn"],
    "gpt_neox": ["query_key_value"],
    "phi3": ["qkv_proj", "down_proj"],
}


@pytest.mark.parametrize("kind", TARGETS)
def test_both_ways(kind: str, tmp_path) -> None:
    from peft import LoraConfig, PeftModel, get_peft_model

    theirs = families.drawn(kind, 0)
    theirs.save_pretrained(tmp_path / "base")
    Tokenizer.train(["one two three"] * 2, 261).save(tmp_path / "base" / "tokenizer.json")
    source = sources.load(tmp_path / "base")
    mask = torch.arange(9)[None] < torch.tensor([9, 4])[:, None]
    ids = torch.randint(4, 280, mask.shape)

    head = None if source.head else lambda width: ClassHead(width, 2)
    made = migrate(source, head, "lora", rank=3, targets=("query", "value", "down")).model
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            parameter.data += torch.randn_like(parameter)
    lora = sources.Source(
        "lora", made.body.eval(), source.tokenizer, source.head and made.head, source.card
    )
    write_adapter(made, source, tmp_path / "ours")
    added = PeftModel.from_pretrained(theirs, tmp_path / "ours").eval()
    assert families.difference(added, lora, ids, mask) <= families.TOLERANCE
    back = read_adapter(source, tmp_path / "ours")
    assert families.difference(added, back, ids, mask) <= families.TOLERANCE
    added.unload()

    config = LoraConfig(
        r=4,
        lora_alpha=6,
        target_modules=TARGETS[kind],
        use_rslora=kind == "bert",
        fan_in_fan_out=kind == "gpt2",
    )
    adapted = get_peft_model(families.drawn(kind, 0), config).eval()
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            parameter.data += 0.3 * torch.randn_like(parameter)
    adapted.save_pretrained(tmp_path / "theirs")
    read = read_adapter(source, tmp_path / "theirs")
    before = source.body(ids, mask)
    assert families.difference(adapted, read, ids, mask) <= families.TOLERANCE
    assert torch.equal(source.body(ids, mask), before)  # the source itself is as it was
    merge(Model(read.body, read.head or ClassHead(read.body.width, 2)))
    assert families.difference(adapted, read, ids, mask) <= families.TOLERANCE

    path = tmp_path / "theirs" / "adapter_config.json"
    about = json.loads(path.read_text())
    for name, value in {"use_dora": True, "modules_to_save": ["score"], "bias": "all"}.items():
        path.write_text(json.dumps(about | {name: value}))
        with pytest.raises(KitError, match=f"{name}=.*merge_and_unload"):
            read_adapter(source, tmp_path / "theirs")
    with pytest.raises(KitError, match="is no adapter"):
        read_adapter(source, tmp_path / "base")
    with pytest.raises(KitError, match="no LoRA of that source"):
        write_adapter(source, source, tmp_path / "none")
