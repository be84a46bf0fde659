"""docs/RESULTS.md and the README's small table, written from the committed results files."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import median

from kit import metrics, results
from kit.errors import KitError
from kit.migrate import STRATEGIES
from kit.results import conversion as faults
from kit.results import frameworks as keras
from kit.results import gpu as gpus
from kit.results import large_source as large
from kit.results import large_source_entities as large_entities
from kit.results import large_source_summaries as large_headlines
from kit.results import onnx as graphs
from kit.results import processes as several
from kit.results import quantized as few_bits
from kit.results import speed as speeds
from kit.results import summaries as headlines
from kit.results import translation as pairs
from kit.results.torture import torture_counts
from kit.sources.builtin import ENGLISH
from kit.sources.builtin import load_builtin as load
from kit.tasks.translation import CHILDREN, LANGUAGES

ROOT = Path(__file__).parents[2]
NAMES = {
    "full": "with the source",
    "from_scratch": "from scratch",
    "tfidf": "TF-IDF + LR",
    "full_elsewhere": "the source tuned elsewhere",
    "tfidf_elsewhere": "TF-IDF + LR, elsewhere too",
}
BITS = "bits per byte, held-out news"
"""The score on a writer's card."""


def see_it_work() -> str:
    """Accuracy against labels: one row a budget."""
    recorded = results.load("see_it_work")
    budgets = results.by_budget(recorded["rows"])
    lines = ["| labels | " + " | ".join(NAMES.values()) + " | seeds |"]
    lines.append("| ---: " * (len(NAMES) + 2) + "|")
    for labels, found in budgets.items():
        cells = [_score(found.get(s)) for s in NAMES]
        count = Counter(row["strategy"] for row in recorded["rows"] if row["labels"] == labels)
        cells.append(str(min(count[s] for s in NAMES if s in found)))
        lines.append(f"| {labels:,} | " + " | ".join(cells) + " |")
    majority = 100 * next(reversed(budgets.values()))["majority"][0]
    words = {n: found["from_scratch_words"] for n, found in budgets.items() if n in (0, 100, 400)}
    most, found = list(budgets.items())[-1]
    return "\n".join(lines) + (
        f"\n\nTest accuracy in %, mean over the seeds ± half of its 95 % interval; always "
        f"answering the majority class: {majority:.1f} %. Elsewhere: {recorded['elsewhere']:,} "
        "labelled sentences of products, editorials and tweets, and no film, came first. With the "
        "source the head begins from words (`sentiment.from_words`), without it afresh; from "
        "scratch, but from words: "
        f"{', '.join(f'{_score(s)} with {n}' for n, s in words.items())}. "
        f"The mean of three models with the source and all {most:,} labels (`kit.models.soup`): "
        f"**{_score(found.get('full_soup'))}**. {_made(recorded)}"
    )


def large_source() -> str:
    """A frozen half of SmolLM2 beside MiniLM: one row a budget."""
    recorded, minilm = results.load("large_source"), results.load("see_it_work")["rows"]
    rows, found = recorded["rows"], large.summary(recorded["rows"], minilm)
    names = list(large.SERIES)
    frozen, fresh, tuned, scratch = names
    lines = [f"| labels | {frozen} | {fresh} | {tuned} | {scratch} | over MiniLM, seed by seed |"]
    lines.append("| ---: " * 6 + "|")
    for labels in sorted({n for name, n in found if name == frozen}):
        cells = [_score(found.get((name, labels))) for name in names]
        gain = large.gain(rows, minilm, labels)
        cells.append("+" * (gain[0] > 0) + _score(gain))
        lines.append(f"| {labels:,} | " + " | ".join(cells) + " |")
    best = large.tuned(rows)
    leaks = {row["domain"]: row for row in rows if row["part"] == "leak"}
    famous = leaks.pop("famous")
    asked, known = (sum(row[k] for row in leaks.values()) for k in ("sentences", "guessed"))
    return "\n".join(lines) + (
        "\n\nTest accuracy in %, mean over 5 seeds (fresh values: 3) ± half of its 95 % interval "
        "(none where the seed decides nothing); only a head of 1,154 numbers learns on SmolLM2. "
        "Its first 22 blocks, the upper 7 tuned, "
        f"all labels, 3 seeds: **{_score(best['tuned'])}**; the mean of these three: "
        f"{_score(best['soup'])}. What it may have read before, nobody can say; of {asked:,} test "
        f"sentences (four domains) it guesses the next five pieces in {known}; this says little: "
        f"of {famous['sentences']} famous beginnings it knows {famous['guessed']}. "
        f"{_made(recorded)}"
    )


def _score(found: tuple[float, float] | None) -> str:
    if found is None:
        return ""
    mean, half = (100 * value for value in found)
    # One seed has no interval (nan), and there is none where the seed decides nothing.
    return f"{mean:.1f} ± {half:.1f}" if half > 0 else f"{mean:.1f}"


def finetuning_speed() -> str:
    """How long transformers.Trainer takes for the same, on each kind of machine."""
    found = speeds.kinds("finetuning_speed")
    padded = [m["padding"] for m in found.values() if "padding" in m]
    padding = (
        f" Of the tokens in the kit's batches {100 * padded[-1]['kit']:.0f} % are padding, in the "
        f"Trainer's {100 * padded[-1]['trainer']:.0f} %: the kit puts texts of similar length "
        "together."
        if padded
        else ""
    )
    return (
        f"{speeds.markdown('finetuning_speed')}\n\n"
        "Fine-tuning, against `transformers.Trainer` on the same model, labels, batch size and "
        f"precision, in turns in one process: the Trainer takes **{_ratios(found)} times** as "
        "long, the medians of the rounds on each kind of machine. “Right” is the kit's accuracy on "
        f"the test; “matrix products” is their share of the kit's time.{padding} "
        f"{_largest(found)}{_notes(found)}{speeds.measured_on('finetuning_speed')}"
    )


def pretraining_speed() -> str:
    """How long transformers.Trainer takes for the same, on each kind of machine."""
    found = speeds.kinds("pretraining_speed")
    shape = next(iter(found.values()))["shape"]
    return (
        f"{speeds.markdown('pretraining_speed')}\n\n"
        f"Pretraining a GPT-2 of {shape['layers']} layers, width {shape['width']} and "
        f"{shape['vocabulary']:,} pieces from fresh values, {shape['batch']} windows of "
        f"{shape['window']} tokens an update, in turns: `transformers.Trainer` takes "
        f"**{_ratios(found)} times** as long, the medians of the rounds on each kind of machine. "
        f"“Matrix products” is their share of the kit's time. {_largest(found)}{_notes(found)}"
        f"{'' if any(m['gpu'] for m in found.values()) else 'No GPU was there to measure. '}"
        f"{speeds.measured_on('pretraining_speed')}"
    )


def generation_speed() -> str:
    """How fast SmolLM2-135M reads and writes with the kit, llama.cpp and transformers."""
    found = speeds.kinds("generation_speed")
    times = []
    for pair in dict.fromkeys(pair for m in found.values() for pair in m["ratios"]):
        for task in ("writing", "reading"):
            measured = [m["ratios"].get(pair, {}).get(task) for m in found.values()]
            middles = [m[0] if isinstance(m, list) else m for m in measured if m is not None]
            if middles:
                times.append(f"{task}, {pair}: {speeds.span(middles)}")
    return (
        f"{speeds.markdown('generation_speed')}\n\n"
        "SmolLM2-135M, greedy, one prompt, in turns: tokens a second, the median of the rounds. "
        "“Matrix products alone” is what a loop of torch would write if it did nothing but "
        f"multiply each matrix by one row. How many times as fast: {'; '.join(times)}. "
        f"{_notes(found)}{speeds.measured_on('generation_speed')}"
    )


def _ratios(found: dict[str, dict]) -> str:
    """The least and the largest ratio over the kinds of machines."""
    return speeds.span(m["ratio"] for m in found.values())


def _largest(found: dict[str, dict]) -> str:
    """The largest items of each kind's profile."""
    items = (f"{', '.join(m['largest items of the profile'])} ({k})" for k, m in found.items())
    return f"The three largest items of the kit's time: {'; '.join(items)}. "


def _notes(found: dict[str, dict]) -> str:
    """What must be known of a kind's measurement."""
    return "".join(f"{k}: {m['note']} " for k, m in found.items() if "note" in m)


def conversion() -> str:
    """Faults of a conversion: outputs, and accuracy after fine-tuning."""
    return faults.markdown()


def quantized() -> str:
    """SmolLM2 with its matrices in few bits: speed, memory, how far the answers are apart."""
    return few_bits.markdown()


def frameworks() -> str:
    """The same model on PyTorch, TensorFlow and JAX: differences, seconds, memory."""
    return keras.markdown()


def onnx() -> str:
    """Models by torch and by onnxruntime: outputs, milliseconds, accuracy in 8 bits."""
    return graphs.markdown()


def processes() -> str:
    """An update by one process and by two: predicted, measured, and the memory."""
    return several.markdown()


def gpu() -> str:
    """Tokens a second, utilization and memory on a GPU."""
    return gpus.markdown()


def pretraining_objectives() -> str:
    """Accuracy after the same minute spent on next tokens and on vectors: one row a body."""
    recorded = results.load("pretraining_objectives")
    budgets = results.by_budget(recorded["rows"])
    kinds = {
        "none": "no pretraining",
        "next_token": "next tokens",
        "vectors": "a teacher's vectors",
    }
    lines = [
        "| body | labels | " + " | ".join(kinds.values()) + " |",
        "| --- " + "| ---: " * 4 + "|",
    ]
    for body, name in {"rnn": "LSTM", "transformer": "Transformer"}.items():
        for labels, found in budgets.items():
            means = [found[f"{body}/{kind}/words"] for kind in kinds]
            cells = [f"{100 * mean:.1f} ± {100 * half:.1f}" for mean, half in means]
            lines.append(f"| {name} | {labels} | " + " | ".join(cells) + " |")
    seeds = len({row["seed"] for row in recorded["rows"]})
    return "\n".join(lines) + (
        f"\n\nTest accuracy in % on film reviews after {recorded['seconds']} s of pretraining, "
        f"mean over {seeds} seeds ± half of its 95 % interval. The head always begins from words. "
        f"The teacher, MiniLM, was trained for much longer by others. {_made(recorded)}"
    )


def builtin_sources() -> str:
    """What each source that ships is worth: accuracy from it and from scratch, by labels."""
    recorded = results.load("builtin_sources")
    budgets = sorted({row["labels"] for row in recorded["rows"]})
    worse, lines = [], ["| source | parameters |" + "".join(f" {n:,} labels |" for n in budgets)]
    lines.append("| --- " + "| ---: " * (len(budgets) + 1) + "|")
    for name in ENGLISH:
        size = sum(p.numel() for p in load(name).body.parameters()) / 1e6
        found = results.by_budget([row for row in recorded["rows"] if row["source"] == name])
        if not all(found.get(n, {}).keys() >= set(FIXED) for n in budgets):
            raise KitError(
                f"{name!r} is a shipped source that is not measured completely: "
                f"python -m kit.experiments builtin_sources --sources {name}."
            )
        pairs = [(found[n]["full"], found[n]["from_scratch"]) for n in budgets]
        cells = [f"{_score(full)} / {_score(scratch)}" for full, scratch in pairs]
        lines.append(f"| `{name}` | {size:.1f} M | " + " | ".join(cells) + " |")
        (full, near), (scratch, about) = pairs[-1]
        worse += [f"`{name}`"] * (full + near < scratch - about)
    cards = [load(name).card["scores"] for name in ENGLISH]
    cards = [scores for scores in cards if BITS in scores]  # those of the writers
    bits = [scores[BITS] for scores in cards]
    counted = cards[0]["the same of trigrams"]
    return "\n".join(lines) + (
        "\n\nTest accuracy in % on film reviews from the source / from scratch with the same "
        "architecture, mean over 5 seeds ± half of its 95 % interval; heads begin from words on "
        f"both sides. On held-out news the writers need {' and '.join(f'{b:.2f}' for b in bits)} "
        f"bits per byte, counted trigrams {counted:.2f}. Worse than a fresh start with "
        f"{budgets[-1]:,} labels (negative transfer): {', '.join(worse) or 'none'}, at the rate of "
        "all sources here, 1e-4; lesson 11 tunes each source at its own rate, the writers at "
        f"1e-3. {_made(recorded)}"
    )


FIXED = ("full", "from_scratch")
"""What has a column of its own beside the best of each family."""


def strategies() -> str:
    """Every strategy that was recorded: the highest means of each family, and pairs with full."""
    recorded = results.load("strategies")
    rows = [row for row in recorded["rows"] if "accuracy" in row]
    of = ("source", "labels", "strategy")
    seeds = Counter(tuple(row[k] for k in of) for row in rows)
    rows = [row for row in rows if seeds[tuple(row[k] for k in of)] == 3]
    order = list(STRATEGIES)
    starts = [order.index(name) for name in ("full", "from_scratch", "adapter")] + [len(order)]
    lines = ["| source | labels | full | from scratch | parameter | structure | mixed |"]
    lines.append("| --- " + "| ---: " * 3 + "| --- " * 3 + "|")
    for source, labels in sorted({(row["source"], row["labels"]) for row in rows}):
        found = results.by_budget([row for row in rows if row["source"] == source])[labels]
        cells = [_score(found.get("full")), _score(found.get("from_scratch"))]
        for low, high in pairwise(starts):
            others = [n for n in order[low:high] if n in found and n not in FIXED]
            best = max(others, key=lambda n, found=found: found[n][0], default=None)
            cells.append(f"{best} {_score(found[best])}" if best else "")
        lines.append(f"| `{source}` | {labels} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + (
        "\n\nTest accuracy in %, mean over 3 seeds ± half of its 95 % interval, and the strategy "
        "with the highest mean of each family (the highest of many is flattered). Minus `full`, in "
        f"pairs, with 100 labels: {_against_full(rows)}. With `minilm` and 1,600 labels, shares of "
        f"what `full` takes: {_costs(rows)}. Each run had one thread and a process of its own, two "
        f"at a time; its peak memory counts the libraries too. {_made(recorded)}"
    )


def _costs(rows: list[dict]) -> str:
    """What thrifty strategies train, take and hold, as shares of what full does: medians."""

    def cost(strategy: str, what: str) -> float:
        about = ("minilm", 1600, strategy)
        found = [r for r in rows if (r["source"], r["labels"], r["strategy"]) == about]
        return median(row[what] for row in found)

    said = []
    for name in ("adapter", "lora", "frozen", "top_layers"):
        trained, seconds, peak = (
            cost(name, what) / cost("full", what)
            for what in ("trained", "seconds", "peak memory, MB")
        )
        said.append(
            f"{name} trains {100 * trained:.2g} % in {100 * seconds:.0f} % of its seconds, peak "
            f"{100 * peak:.0f} %"
        )
    return "; ".join(said)


def _against_full(rows: list[dict]) -> str:
    """What each claim of the papers is checked on: points against full, seed by seed."""
    scores = {
        (r["source"], r["strategy"], r["seed"]): 100 * r["accuracy"]
        for r in rows
        if r["labels"] == 100
    }
    said = []
    for source in sorted({source for source, *_ in scores}):
        for name in ("adapter", "gradual", "from_scratch"):
            seeds = [seed for of, strategy, seed in scores if (of, strategy) == (source, name)]
            pairs = [scores[source, name, s] - scores[source, "full", s] for s in seeds]
            if pairs:
                gain, about = metrics.interval(pairs)
                said.append(f"`{source}` {name} {gain:+.1f} ± {about:.1f}")
    return ", ".join(said)


def entities() -> str:
    """F1 by sentences: each source, from scratch, half of it, LoRA, and looking words up."""
    recorded = results.load("entities")
    names = {
        "full": "full",
        "from_scratch": "from scratch",
        "choose_layers": "half",
        "lora": "LoRA",
    }
    found: dict = {}
    for row in recorded["rows"]:
        how = {"narrow": "choose_layers"}.get(row["strategy"], row["strategy"])  # half of it
        key = row["source"], row["sentences"], how
        found.setdefault(key, []).append(row["f1"])
    score = {key: metrics.interval(f1) for key, f1 in found.items() if len(f1) == 3}
    lines = ["| source | sentences | " + " | ".join(names.values()) + " | lookup |"]
    lines.append("| --- | ---: " + "| ---: " * 5 + "|")
    for source in dict.fromkeys(key[0] for key in score if key[0] != "none"):
        for n in sorted({key[1] for key in score if key[0] == source}):
            cells = [_score(score.get((source, n, name))) for name in names]
            cells.append(_score(score["none", n, "most frequent tag"]))
            lines.append(f"| `{source}` | {n:,} | " + " | ".join(cells) + " |")
    whole = recorded["all sentences"]
    low, high = whole["over sentences"]
    return "\n".join(lines) + (
        "\n\nSpan F1 in % on every third test sentence of CoNLL-2003, mean over 3 seeds ± half of "
        "its 95 % interval. MiniLM with all 14,041, "
        f"one seed, {whole['recipe']['epochs']:g} passes, all test sentences: "
        f"{100 * whole['f1']:.1f} ({100 * low:.1f} to {100 * high:.1f}, over the sentences). "
        f"{_a_minute(recorded['a minute'])} {_made(recorded)}\n\n{_both_ways(recorded)}"
    )


def _a_minute(recorded: dict) -> str:
    """1,000 sentences and 60 seconds, with the source and without."""
    full, scratch = (
        _score(metrics.interval([row["f1"] for row in recorded[name]]))
        for name in ("full", "from_scratch")
    )
    return (
        f"1,000 sentences and 60 s of two cores, 3 seeds, all test sentences: {full} with MiniLM, "
        f"{scratch} from scratch ({recorded['machine']['processor']}. {recorded['note']})"
    )


def _both_ways(small: dict) -> str:
    """A decoder that looks both ways, with its controls."""
    recorded = results.load("large_source_entities")
    few = results.intervals(large_entities.by_seed(recorded["rows"], small["rows"]))
    every, minilm = (
        large_entities.all_sentences(recorded["rows"]),
        small["all sentences"]["f1"],
    )
    whole = {
        large_entities.BOTH: every["all"],
        large_entities.MINILM: (minilm, float("nan")),
    }
    lines = ["| sentences | " + " | ".join(few) + " |", "| ---: " * (1 + len(few)) + "|"]
    for n, found in (("1,000", few), ("14,041", whole)):
        cells = (_score(found.get(name)) for name in few)
        lines.append(f"| {n} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + (
        "\n\nThe same for a larger source that sees capitals, SmolLM2's first 22 blocks; each "
        "sentence seen twice, 3 seeds (MiniLM with all sentences: one). With all of them the score "
        "is that of the whole test set, and the mean of the three models has "
        f"**{100 * every['soup'][0]:.1f}**. {_made(recorded)}"
    )


def summaries() -> str:
    """ROUGE-1 by articles: what moves, for each body, and what needs no network."""
    recorded = results.load("summaries")
    found, budgets = headlines.summary(recorded["rows"]), (0, 100, 400, 1640)
    lines = ["| body | what moves | no headline | 100 | 400 | 1,640 |"]
    lines.append("| --- | --- " + "| ---: " * 4 + "|")
    for kind, way, first in dict.fromkeys(key[:3] for key in found):
        cells = (_score(found.get((kind, way, first, n))) for n in budgets)
        moves = f"{way}, after pseudo-headlines" if first else way
        body = {"rnn": "LSTM", "transformer": "Transformer", "minilm": "MiniLM reads"}[kind]
        lines.append(f"| {body} | {moves} | " + " | ".join(cells) + " |")
    controls = {n: c["rouge1"] for n, c in recorded["controls"].items() if n != "people"}
    cheap = ", ".join(f"{name} {100 * rouge:.1f}" for name, rouge in controls.items())
    return "\n".join(lines) + (
        "\n\nROUGE-1 in % on the test articles, mean over 3 seeds ± half of its 95 % interval. "
        "Where MiniLM reads, held still, the Transformer writes. What needs no network: "
        f"{cheap}. {_made(recorded)}"
    )


def large_source_summaries() -> str:
    """Headlines by SmolLM2: ROUGE by headlines seen, with the small models and the controls."""
    return large_headlines.markdown()


def translation() -> str:
    """BLEU and chrF of children with the parent, from scratch and from memory, by pairs."""
    recorded = results.load("translation")
    rows, names = recorded["rows"], {"full": "with the parent", "from_scratch": "from scratch"}
    names["memory"] = "memory"
    bleu, chrf = (pairs.summary(rows, value) for value in ("bleu", "chrf"))
    titles = [*names.values(), "left in English", "the parent is worth"]
    lines = ["| child | pairs | " + " | ".join(titles) + " |"]
    lines.append("| --- | ---: " + "| ---: " * 5 + "|")
    for language in CHILDREN:
        for n in (100, 300, 1000):
            keys = [("budgets", "translator", language, n, name) for name in names]
            if not all(key in bleu for key in keys):
                continue
            cells = [f"{_mean(bleu[key])} / {_mean(chrf[key])}" for key in keys]
            none = ("cheap", "translator", language, 0, "english")
            cells.append(f"{bleu[none][0]:.1f} / {chrf[none][0]:.1f}")
            worth = [pairs.gains(rows, *keys[:2], value) for value in ("bleu", "chrf")]
            cells.append(" / ".join(f"{mean:+.1f} ± {half:.1f}" for mean, half in worth))
            lines.append(f"| {LANGUAGES[language]} | {n:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + (
        "\n\nBLEU / chrF on 300 test messages whose English nobody was trained on, mean over 3 "
        "seeds ± half of its 95 % interval; the last column seed by seed. From scratch: the same "
        "shape, as many updates. Memory: the translation of the nearest known message. "
        "BLEU is mostly placeholders, which `sacrebleu` cuts into many words: English that nobody "
        f"translated has as much. {_plain(rows)} "
        f"`sacrebleu`: {recorded['signature']}. {_made(recorded)}"
    )


def _plain(rows: list[dict]) -> str:
    """What is left on messages without a placeholder, Italian, 300 pairs."""
    full, *others = (
        ("budgets", "translator", "it", 300, name) for name in ("full", "from_scratch", "memory")
    )
    said = []
    for name, other in zip(("scratch", "memory"), others, strict=True):
        gains = (pairs.gains(rows, full, other, f"{v}_plain") for v in ("bleu", "chrf"))
        said.append(f"over {name} " + " / ".join(f"{m:+.1f} ± {h:.1f}" for m, h in gains))
    return "Italian messages without any, 300 pairs: the parent " + ", ".join(said) + "."


def _mean(found: tuple[float, float]) -> str:
    return f"{found[0]:.1f} ± {found[1]:.1f}"


def _made(found: dict) -> str:
    machine = f"{found['machine']['processor']}, {found['machine']['cores']} cores"
    return f"Made by `{found['command']}` on {found['date']} ({machine})."


PARTS = (
    see_it_work,
    large_source,
    pretraining_objectives,
    builtin_sources,
    strategies,
    entities,
    translation,
    summaries,
    large_source_summaries,
    finetuning_speed,
    conversion,
    pretraining_speed,
    generation_speed,
    quantized,
    frameworks,
    onnx,
    processes,
    gpu,
)
"""The blocks of docs/RESULTS.md, each between its marks."""


def best() -> str:
    """The README's table: one row a task, with its controls."""
    films = results.by_budget(results.load("see_it_work")["rows"])[100]
    tags = results.load("entities")["rows"]
    f1 = results.intervals(
        results.by_seed(
            [r for r in tags if r["sentences"] == 1000 and r["source"] in ("minilm", "none")],
            lambda r: r["strategy"],
            "f1",
        )
    )
    chrf = pairs.summary(results.load("translation")["rows"], "chrf")
    child = {name: pairs.key("it", 300, name) for name in ("full", "from_scratch")}
    english = chrf[pairs.key("it", 0, "english", "cheap")]
    summary, recorded = headlines.summary, results.load("summaries")
    rouge = summary(recorded["rows"])
    lead = recorded["controls"]["lead"]["rouge1"]
    rows = [
        ("film reviews, accuracy", "100 sentences", films["full"], films["from_scratch"],
         f"{_score(films['tfidf'])} (TF-IDF)"),
        ("named entities, F1", "1,000 sentences", f1["full"], f1["from_scratch"],
         f"{_score(f1['most frequent tag'])} (lookup)"),
    ]  # fmt: skip
    lines = ["| task | labels | with a source | from scratch | trivial baseline |"]
    lines.append("| --- | --- | ---: | ---: | ---: |")
    for task, labels, full, scratch, trivial in rows:
        lines.append(f"| {task} | {labels} | {_score(full)} | {_score(scratch)} | {trivial} |")
    lines.append(
        f"| into Italian, chrF | 300 pairs | {_mean(chrf[child['full']])} | "
        f"{_mean(chrf[child['from_scratch']])} | {english[0]:.1f} (left in English) |"
    )
    lines.append(
        "| headlines, ROUGE-1 | 400 articles | "
        f"{_score(rouge['transformer', 'mixed', '', 400])} | "
        f"{_score(rouge['transformer', 'scratch', '', 400])} | {100 * lead:.1f} (lead sentence) |"
    )
    return "\n".join(lines)


def drawn(text: str, parts) -> str:
    """A text with every part between its marks drawn again. Raises KitError where marks lack."""
    for make in parts:
        begin, end = f"<!-- begin {make.__name__} -->", f"<!-- end {make.__name__} -->"
        block = f"{begin}\n{make()}\n{end}"
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        text, found = re.subn(pattern, lambda _, block=block: block, text, flags=re.DOTALL)
        if found != 1:
            raise KitError(f"{begin} … {end} must stand once in the text: put these marks there.")
    return text


def pages() -> dict[Path, str]:
    """Path -> what should stand there."""
    wanted = {
        ROOT / "docs" / "RESULTS.md": PARTS,
        ROOT / "docs" / "FAULTS.md": (torture_counts,),
        ROOT / "README.md": (best,),
    }
    return {path: drawn(path.read_text(encoding="utf-8"), parts) for path, parts in wanted.items()}
