"""Fine-tuning with the kit against `transformers.Trainer`: same model, data, batches, precision.

    python tests/bench/against_trainer.py     # about ten minutes on two cores, nothing else running

Both start from the same values (MiniLM, mean pooling, one head), see the same 1,600 labels for
three epochs in batches of 16 at the same rate, and take turns in one process. Prints the ratio
of seconds, both test accuracies, the three largest items of the kit's profile, and the peak
memory of each in a process of its own. Writes kit/recorded/against_trainer.json.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kit import runtime, sources
from kit.migrate import migrate
from kit.tasks import sentiment
from kit.train import Recipe, fit

FILE = Path(__file__).parents[2] / "kit" / "recorded" / "against_trainer.json"
RATE, EPOCHS, BATCH = 1e-4, 3, 16


class Theirs(nn.Module):
    """transformers' BertModel with the kit's pooling and the kit's fresh head."""

    def __init__(self, folder: str, head: nn.Linear) -> None:
        from transformers import AutoModel

        super().__init__()
        still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        self.body = AutoModel.from_pretrained(folder, add_pooling_layer=False, **still)
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(head.in_features, head.out_features))
        self.head[1].load_state_dict(head.state_dict())

    def forward(self, input_ids, attention_mask, labels=None):
        hidden = self.body(input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask[..., None]
        logits = self.head((hidden * mask).sum(1) / mask.sum(1))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits}


def kit_run(source, train, test, seed: int) -> dict:
    target = migrate(source, sentiment.head, "full", seed=seed)
    recipe = Recipe(epochs=EPOCHS, batch_size=BATCH, rate=RATE, keep_best=False, seed=seed)
    examples = sentiment.encode(train, source.tokens)
    began = time.perf_counter()
    fit(target.model, examples, recipe, groups=target.groups)
    seconds = time.perf_counter() - began
    score = sentiment.scorer(test, source.tokens)(target.model)
    return {"who": "kit", "seed": seed, "seconds": seconds, "accuracy": score}


def trainer_run(source, train, test, seed: int, folder: str) -> dict:
    from transformers import AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

    start = migrate(source, sentiment.head, "full", seed=seed).model
    model = Theirs(folder, start.head.linear)
    settings = TrainingArguments(
        output_dir=f"{folder}/out",
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=64,
        learning_rate=RATE,
        warmup_steps=round(0.1 * EPOCHS * len(train) / BATCH),
        weight_decay=0.01,
        bf16=runtime.precision() == "bf16",
        seed=seed,
        use_cpu=not torch.cuda.is_available(),
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    sets = [
        [{"input_ids": e["ids"], "labels": e["y"]} for e in sentiment.encode(rows, source.tokens)]
        for rows in (train, test)
    ]
    collator = DataCollatorWithPadding(AutoTokenizer.from_pretrained(folder))
    trainer = Trainer(model=model, args=settings, train_dataset=sets[0], data_collator=collator)
    began = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - began
    found = trainer.predict(sets[1])
    score = float(np.mean(found.predictions.argmax(-1) == found.label_ids))
    return {"who": "trainer", "seed": seed, "seconds": seconds, "accuracy": score}


def largest(source, train) -> list[str]:
    """The three operators that most of the kit's time goes to, with their share."""
    from torch.profiler import ProfilerActivity, profile

    target = migrate(source, sentiment.head, "full")
    examples = sentiment.encode(train, source.tokens)
    fit(target.model, examples, Recipe(steps=10), groups=target.groups)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        fit(target.model, examples, Recipe(steps=20), groups=target.groups)
    rows = sorted(found.key_averages(), key=lambda r: -r.self_cpu_time_total)
    total = sum(r.self_cpu_time_total for r in rows)
    return [f"{r.key} {100 * r.self_cpu_time_total / total:.0f} %" for r in rows[:3]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--labels", type=int, default=1600)
    parser.add_argument("--only", choices=["kit", "trainer"], help="one run, then its peak memory")
    options = parser.parse_args()
    data, source = sentiment.load(), sources.minilm()
    train = list(sentiment.sample(data["train"], options.labels, 0))
    test = list(data["test"])
    with tempfile.TemporaryDirectory() as space:
        folder = str(sources.export(source, Path(space, "minilm")))
        both = {
            "kit": lambda seed: kit_run(source, train, test, seed),
            "trainer": lambda seed: trainer_run(source, train, test, seed, folder),
        }
        if options.only:
            both[options.only](0)
            print(json.dumps(runtime.peak_memory()))
            return
        rows = []
        for seed in range(options.rounds):
            for who in sorted(both, reverse=seed % 2 == 1):
                rows.append(both[who](seed))
                print(rows[-1], flush=True)
    report(
        rows, largest(source, train), [sys.executable, __file__, "--labels", str(options.labels)]
    )


def report(rows: list[dict], items: list[str], command: list[str]) -> None:
    kit, trainer = ([r for r in rows if r["who"] == who] for who in ("kit", "trainer"))
    ratios = [t["seconds"] / k["seconds"] for k, t in zip(kit, trainer, strict=True)]
    memory = {
        who: json.loads(subprocess.check_output([*command, "--only", who]).splitlines()[-1])
        for who in ("kit", "trainer")
    }
    found = {
        "what": "seconds of transformers.Trainer over seconds of the kit, per round",
        "command": "python tests/bench/against_trainer.py",
        "date": time.strftime("%Y-%m-%d"),
        "machine": runtime.machine(),
        "rows": rows,
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(r, 2) for r in ratios],
        "accuracy": {
            w: round(statistics.mean(r["accuracy"] for r in x), 4)
            for w, x in (("kit", kit), ("trainer", trainer))
        },
        "largest items of the profile": items,
        "peak memory, MB": {who: round(value) for who, value in memory.items()},
    }
    runtime.write_json(FILE, found)
    print(json.dumps({k: v for k, v in found.items() if k != "rows"}, indent=1))


if __name__ == "__main__":
    main()
