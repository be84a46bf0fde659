"""What the measurements of `kit.experiments.gpu` share: sizes, clock, random texts, rows.

All models have fresh values in the real shapes, and the texts of the speed measurements are random
tokens in real lengths: neither changes the speed or the memory.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch

from kit.models import LanguageHead, Model, Transformer, TransformerConfig

PEAK = {"H100": 989.4e12, "H200": 989.4e12, "A100": 311.9e12, "L40S": 362.1e12, "L4": 121e12}
"""Card -> its dense bf16 operations a second, from its data sheet (SXM where there are several)."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a measurement is."""

    body: dict
    """Fields of a `TransformerConfig`."""
    tokens: int
    """T: in a window, or in the longest text."""
    batch: int
    """B: windows or texts in an update."""
    steps: int
    """Updates that are timed."""
    warm: int = 10
    """Updates before them: compilation, allocation, the choice of kernels."""
    seeds: tuple[int, ...] = (0, 1, 2)


GPT2 = {
    "causal": True,
    "norm_first": True,
    "embedding_norm": False,
    "norm_eps": 1e-5,
    "activation": "gelu_tanh",
}
BERT = {"token_types": 2}
LLAMA = {
    "causal": True,
    "norm_first": True,
    "embedding_norm": False,
    "norm": "rms",
    "norm_eps": 1e-5,
    "positions": "rotary",
    "rotary_base": 100000.0,
    "activation": "swiglu",
    "bias": False,
}


def shape(vocabulary: int, width: int, layers: int, heads: int, inner: int, **more) -> dict:
    return {
        "vocabulary": vocabulary,
        "width": width,
        "layers": layers,
        "heads": heads,
        "intermediate_size": inner,
        **more,
    }


SIZES = {
    "pretraining": Size(
        body=shape(50257, 768, 12, 12, 3072, block_size=1024, **GPT2),
        tokens=1024,
        batch=32,
        steps=20,
    ),
    "parity": Size(
        body=shape(50257, 768, 12, 12, 3072, block_size=1024, **GPT2),
        tokens=512,
        batch=8,
        steps=60,
        warm=0,
    ),
    "minilm": Size(
        body=shape(30522, 384, 6, 12, 1536, block_size=512, **BERT), tokens=128, batch=16, steps=100
    ),
    "smollm": Size(
        body=shape(49152, 576, 30, 9, 1536, block_size=2048, kv_heads=3, **LLAMA),
        tokens=512,
        batch=16,
        steps=30,
    ),
    "memory": Size(
        body=shape(49152, 576, 30, 9, 1536, block_size=2048, kv_heads=3, **LLAMA),
        tokens=1024,
        batch=16,
        steps=5,
        warm=3,
    ),
}
SIZES["switches"] = SIZES["pretraining"]


def tiny(vocabulary: int = 257, heads: int = 2, steps: int = 2, warm: int = 1, **kind) -> Size:
    """A size that takes a CPU a second, to check the program."""
    body = shape(vocabulary, 32, 2, heads, 64, block_size=16, **kind)
    return Size(body=body, tokens=16, batch=4, steps=steps, warm=warm, seeds=(0,))


TINY = {
    "pretraining": tiny(**GPT2),
    "parity": tiny(300, steps=3, warm=0, **GPT2),
    "minilm": tiny(**BERT),
    "smollm": tiny(heads=4, kv_heads=2, **LLAMA),
    "memory": tiny(heads=4, kv_heads=2, **LLAMA),
}
TINY["switches"] = TINY["pretraining"]


class Clock:
    """Called after each update: notes the time after the first `warm`, and after `steps` more."""

    def __init__(self, size: Size) -> None:
        self.size, self.updates, self.times = size, 0, []
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()

    def __call__(self, *_) -> None:
        self.updates += 1
        if self.updates in (self.size.warm, self.size.warm + self.size.steps):
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.times.append(time.perf_counter())

    @property
    def seconds(self) -> float:
        """Of the timed updates."""
        return self.times[-1] - self.times[0]

    def row(self, seed: int, tokens: float) -> dict:
        """tokens: in the timed updates, without padding."""
        return {
            "seed": seed,
            "seconds": round(self.seconds, 3),
            "milliseconds an update": round(1000 * self.seconds / self.size.steps, 2),
            "tokens per second": round(tokens / self.seconds),
            "peak memory, GB": peak_memory(),
        }


def peak_memory() -> float | None:
    """Of the GPU's tensors, in GB; None on a CPU."""
    if not torch.cuda.is_available():
        return None
    return round(torch.cuda.max_memory_allocated() / 2**30, 2)


def words(size: Size, n: int, seed: int) -> np.ndarray:
    """n random windows (n, T + 1) whose tokens are as unequally frequent as words (Zipf)."""
    vocabulary = size.body["vocabulary"]
    shares = 1 / (np.arange(vocabulary) + 10)
    generator = np.random.default_rng(seed)
    return generator.choice(vocabulary, (n, size.tokens + 1), p=shares / shares.sum())


def operations_per_token(body: dict, tokens: int) -> float:
    """Of one token, forward and backward, in a causal model: 6 for a number in a matrix, and
    6 L D T for attention, where a token sees T/2 others (Chowdhery et al. 2022, appendix B)."""
    matrices = body["layers"] * 12 * body["width"] ** 2 + body["vocabulary"] * body["width"]
    return 6 * matrices + 6 * body["layers"] * body["width"] * tokens


def utilization(size: Size, rate: float) -> dict:
    """MFU at so many tokens a second: of the card's data sheet; without a known card none.

    Twice: attention counted for what a causal model computes, and for all pairs, as nanoGPT does.
    """
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    words_of_name = name.replace("-", " ").split()
    peak = next((peak for card, peak in PEAK.items() if card in words_of_name), None)
    if peak is None:
        return {"MFU": None, "MFU as nanoGPT counts": None}
    causal, attention = (operations_per_token(size.body, t) for t in (size.tokens, 0))
    pairs = 2 * causal - attention
    return {
        "MFU": round(rate * causal / peak, 4),
        "MFU as nanoGPT counts": round(rate * pairs / peak, 4),
    }


def fresh(body: dict, seed: int) -> Model:
    torch.manual_seed(seed)
    body = Transformer(TransformerConfig(**body))
    return Model(body, LanguageHead.tied(body))


def precision() -> str:
    return "bf16" if torch.cuda.is_available() else "fp32"


def on_gpu() -> bool:
    return torch.cuda.is_available()


def trainer_of(model, examples, collator, size: Size, clock: Clock, **options):
    """A Trainer that does nothing but train on these examples, in this order."""
    from torch.utils.data import SequentialSampler
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class Ordered(Trainer):
        def _get_train_sampler(self, *_):
            return SequentialSampler(self.train_dataset)

    class Watch(TrainerCallback):
        def on_step_end(self, *_, **__):
            clock()

    gpu = torch.cuda.is_available()
    arguments = TrainingArguments(
        output_dir="build/gpu",
        bf16=gpu,
        use_cpu=not gpu,
        optim="adamw_torch_fused",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        max_steps=size.warm + size.steps,
        per_device_train_batch_size=size.batch,
        learning_rate=1e-4,
        dataloader_pin_memory=gpu,
        dataloader_num_workers=4 if gpu else 0,
        **options,
    )
    return Ordered(
        model=model,
        args=arguments,
        train_dataset=examples,
        data_collator=collator,
        callbacks=[Watch()],
    )
