"""Out of memory is foreseen: what it needs, what there is, what to choose instead."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from migrations import TOKENS

from kit import memory
from kit.errors import KitError
from kit.memory import check_memory, free_memory

GIGABYTE = 10**9


MEMINFO = {"proc/meminfo": "MemTotal:  8000000 kB\nMemAvailable:  6000000 kB\n"}
TREES = {
    "no container": ({"proc/self/cgroup": "0::/\n"}, (6_144_000_000, 8_192_000_000, "machine")),
    "version 2, Binder's": (
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": "2000000000\n",
            "sys/fs/cgroup/memory.current": "900000000\n",
            "sys/fs/cgroup/memory.stat": "anon 500000000\ninactive_file 300000000\n",
        },
        (1_400_000_000, 2_000_000_000, "container"),
    ),
    "version 2, a limit above its own group": (
        {
            "proc/self/cgroup": "0::/pod/kernel\n",
            "sys/fs/cgroup/pod/kernel/memory.max": "max\n",
            "sys/fs/cgroup/pod/kernel/memory.current": "900000000\n",
            "sys/fs/cgroup/pod/memory.max": "3000000000\n",
            "sys/fs/cgroup/pod/memory.current": "1000000000\n",
        },
        (2_000_000_000, 3_000_000_000, "container"),
    ),
    "version 1": (
        {
            "proc/self/cgroup": "5:cpu:/\n4:memory:/docker/abc\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000000\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "500000000\n",
            "sys/fs/cgroup/memory/memory.stat": "cache 7\ntotal_inactive_file 100000000\n",
        },
        (1_600_000_000, 2_000_000_000, "container"),
    ),
    "version 1 without a limit": (
        {
            "proc/self/cgroup": "4:memory:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "500000000\n",
        },
        (6_144_000_000, 8_192_000_000, "machine"),
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_the_least_limit_counts(name: str, tmp_path: Path) -> None:
    files, (free, limit, by) = TREES[name]
    for path, text in (MEMINFO | files).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert free_memory(tmp_path)[:2] == (free, limit)
    assert by in free_memory(tmp_path)[2]


def test_a_system_that_says_nothing_refuses_nothing(tmp_path: Path, monkeypatch) -> None:
    assert free_memory(tmp_path) is None
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    check_memory(10**15, "This", "take less.")


def test_the_message_says_what_is_needed_what_there_is_and_what_to_choose(monkeypatch) -> None:
    room = (400_000_000, 2 * GIGABYTE, "this container")
    monkeypatch.setattr(memory, "free_memory", lambda: room)
    check_memory(400_000_000, "This", "take less.")
    with pytest.raises(KitError) as error:
        check_memory(1.5 * GIGABYTE, "This training", "take a smaller source.")
    for part in ("This training needs 1.50 GB", "0.40 GB are free", "2.00 GB that this container"):
        assert part in str(error.value)
    assert "take a smaller source." in str(error.value)


LIMITED = """
import resource, sys
from pathlib import Path
import torch
from kit import sources
from kit.errors import KitError
from kit.migrate import migrate
from kit.models import RNN, ClassHead, LanguageHead, Model, RNNConfig
from kit.models import Transformer, TransformerConfig
from kit.models.generate import generate
from kit.sources import Source, checkpoint
from kit.train import Recipe, fit

torch.set_num_threads(1)
folder = Path(sys.argv[1])
example = [{"ids": [1, 2], "y": i % 2} for i in range(20)]
tiny = Model(RNN(RNNConfig(vocabulary=50, width=8, layers=1)), ClassHead(8, 2))
fit(tiny, example, Recipe(steps=1, precision="fp32"))  # loads the code of a training
shape = {"width": 64, "layers": 2, "heads": 2, "intermediate_size": 64, "block_size": 10_000}
writer = Transformer(TransformerConfig(vocabulary=50, causal=True, **shape))
writer = Model(writer, LanguageHead.tied(writer))
generate(writer, [[1]], 2)
body = RNN(RNNConfig(vocabulary=1000, width=1600, layers=1))  # 22 million parameters
status = Path("/proc/self/status").read_text()
used = {line.split(":")[0]: int(line.split()[1]) * 1024
        for line in status.splitlines() if line.endswith("kB")}
limit, size = {"RLIMIT_AS": (resource.RLIMIT_AS, "VmSize"),
               "RLIMIT_DATA": (resource.RLIMIT_DATA, "VmData")}[sys.argv[2]]
most = used[size] + 150_000_000
resource.setrlimit(limit, (most, most))
calls = {
    "checkpoint": lambda: checkpoint.load(folder / "kit"),
    "hugging face": lambda: sources.load(folder / "llama"),
    "migrate": lambda: migrate(Source("wide", body, None), lambda w: ClassHead(w, 2), "widen"),
    "fit": lambda: fit(Model(body, ClassHead(1600, 2)), example,
                       Recipe(steps=1, precision="fp32")),
    "generate": lambda: generate(writer, [[1]] * 100, 9000),
    "beams": lambda: generate(writer, [[1]] * 10, 9000, beams=8),
    "long texts": lambda: fit(tiny, [{"ids": [1] * 100_000, "y": i % 2} for i in range(20)],
                              Recipe(steps=1, precision="fp32")),
}
for kind, call in calls.items():
    try:
        call()
        print(kind, "no error")
    except KitError as error:
        print(kind, "KitError", error)
fit(tiny, example, Recipe(steps=1, precision="fp32"))
print("still alive")
"""


def sparse(path: Path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file whose numbers take no room on the disk: all are zeros."""
    header, at = {}, 0
    for name, shape in shapes.items():
        end = at + 4 * shape[0] * shape[1]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + at)


def large_checkpoint(folder: Path) -> None:
    sparse(folder / "tensors.safetensors", {"body.embedding.weight": [1_000_000, 500]})
    (folder / "source.json").write_text('{"format": 2, "sha256": ""}')


def large_llama(folder: Path) -> None:
    D, V, F = 1024, 300_000, 4096
    layer = {"self_attn.q_proj": [D, D], "self_attn.k_proj": [D, D], "self_attn.v_proj": [D, D]}
    layer |= {"self_attn.o_proj": [D, D], "mlp.gate_proj": [F, D], "mlp.up_proj": [F, D]}
    layer |= {"mlp.down_proj": [D, F]}
    shapes = {f"model.layers.0.{name}.weight": shape for name, shape in layer.items()}
    sparse(folder / "model.safetensors", {"model.embed_tokens.weight": [V, D]} | shapes)
    settings = {"model_type": "llama", "vocab_size": V, "hidden_size": D, "num_hidden_layers": 1}
    settings |= {"num_attention_heads": 8, "num_key_value_heads": 8, "intermediate_size": F}
    settings |= {"max_position_embeddings": 128, "rms_norm_eps": 1e-5}
    (folder / "config.json").write_text(json.dumps(settings))
    TOKENS.save(folder / "tokenizer.json")


SAYS = {
    "checkpoint": "The checkpoint.*needs 6.00 GB.*load a smaller source",
    "hugging face": r"numbers\) needs 1.30 GB.*load a smaller source",
    "migrate": "The target of widen.*take a smaller source",
    "fit": "This training.*smaller batch_size",
    "generate": "Generation.*fewer prompts",
    "beams": "Generation.*fewer beams",
    "long texts": "This training.*shorter texts",
}


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of a process are Linux's")
@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_a_limited_process_is_told_before_it_ends(limit: str, tmp_path: Path) -> None:
    """In a real process with a real limit: a KitError each, and the process goes on to train."""
    for name, make in (("kit", large_checkpoint), ("llama", large_llama)):
        (tmp_path / name).mkdir()
        make(tmp_path / name)
    command = [sys.executable, "-c", LIMITED, str(tmp_path), limit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    *lines, last = done.stdout.splitlines() or [""]
    assert last == "still alive", done.stderr
    for line, (kind, says) in zip(lines, SAYS.items(), strict=True):
        assert re.match(f"{kind} KitError.*{says}", line), line


FREED = """
import ctypes, resource
from kit.memory import free_memory
resource.setrlimit(resource.RLIMIT_DATA, (2 * 10**9,) * 2)
c = ctypes.CDLL(None)
c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
print(free_memory()[0])
blocks = [c.malloc(60_000) for _ in range(5000)]
print(free_memory()[0])
for block in blocks[:-1]:  # the last one keeps the heap from shrinking
    c.free(block)
print(free_memory()[0])
"""


@pytest.mark.skipif(not memory._kept(), reason="the C library does not say what it keeps")
def test_what_was_freed_and_is_kept_counts_as_free() -> None:
    """A lesson in a small kernel was refused a model that fits."""
    ran = subprocess.run([sys.executable, "-c", FREED], check=True, capture_output=True, text=True)
    before, full, freed = map(int, ran.stdout.split())
    assert before - full > 250_000_000
    assert abs(before - freed) < 20_000_000


def test_lessons_are_tested_in_the_environment_of_binder() -> None:
    root = Path(__file__).parent
    lines = (root.parent / "binder/start").read_text().splitlines()
    binder = dict(
        line.removeprefix("export ").split("=") for line in lines if line.startswith("export ")
    )
    assert binder == json.loads((root / "kernels/limited/kernel.json").read_text())["env"]
    assert binder


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_a_tensor_in_a_file_takes_memory_where_it_is_read(monkeypatch) -> None:
    import torch

    def resident() -> int:
        status = Path("/proc/self/status").read_text()
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    rows = torch.arange(64_000_000, dtype=torch.uint8).view(-1, 64)
    few = rows[::200_000].clone()
    filed = memory.in_file(rows, "the table")
    with_both = resident()
    del rows
    memory.release_memory()
    before = resident()
    assert with_both - before > 50e6, "nothing else holds the numbers"
    assert torch.equal(filed[::200_000], few)
    assert resident() - before < 32e6, "five rows, and what the system reads with them"
    filed[0] = 9  # what is written is in memory alone
    assert filed[0, 0] == 9 and filed[200_000, 0] == few[1, 0]
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: io.FileIO("/dev/full", "rb+"))
    with pytest.raises(KitError, match="the table cannot be saved"):
        memory.in_file(few, "the table")
