"""Experiments that can be run again: `python -m kit.experiments` lists them.

To add one, write a module with `main(arguments)` beside this file and one line in `EXPERIMENTS`.
"""

import argparse
from dataclasses import dataclass

__all__ = ["EXPERIMENTS", "Experiment", "parser"]


@dataclass(frozen=True)
class Experiment:
    """A line of the list: what an experiment measures, and how long all of it takes."""

    what: str
    """What it measures."""
    minutes: int
    """Minutes that all of it takes on two cores, about."""


EXPERIMENTS = {
    "see_it_work": Experiment("film reviews: accuracy by number of labels, with controls", 60),
    "builtin_sources": Experiment("the sources that come with the kit, against from scratch", 15),
    "pretraining_objectives": Experiment("next-token prediction against a teacher's vectors", 25),
    "freeze": Experiment("which parts to train: accuracy with 100 labels", 15),
    "structure": Experiment("shrink, grow, change the vocabulary: accuracy with 100 labels", 20),
    "strategies": Experiment("every strategy on every source: accuracy, time, memory", 240),
    "domains": Experiment("sentiment from films to products, editorials and tweets", 60),
    "entities": Experiment("named entities: F1 by source, strategy and number of sentences", 240),
    "translation": Experiment("translation into languages with few pairs: BLEU and chrF", 120),
    "useful_translation": Experiment("translation: what makes a child worth using", 60),
    "summaries": Experiment("headlines of BBC articles: ROUGE by what was transferred", 60),
    "large_source": Experiment("film reviews with SmolLM2 (134.5 M parameters): accuracy", 60),
    "large_source_entities": Experiment("named entities with SmolLM2: F1", 300),
    "large_source_summaries": Experiment("headlines with SmolLM2: ROUGE, with controls", 240),
    "prompting": Experiment("film reviews: SmolLM2 answers prompts, no parameter changes", 15),
    "learning_curves": Experiment("film reviews: heads on frozen vectors at ten budgets", 5),
    "multilingual": Experiment("English film labels, sentences in six languages: a show", 8),
    "transferability": Experiment("which source: estimates against fine-tuning, three tasks", 240),
    "conversion": Experiment("MiniLM after faults of its conversion: outputs, accuracy", 30),
    "leakage": Experiment("leaks that were planted, and how many an audit finds", 15),
    "bias": Experiment("what names, nationalities and pronouns change in an answer", 30),
    "bias_texts": Experiment("what names change in headlines, and pronouns in translations", 10),
    "report": Experiment("faults that were planted, and how many a report finds", 15),
    "outside_reports": Experiment("real data from elsewhere: what a report says, what is true", 20),
    "finetuning_speed": Experiment("fine-tuning against transformers.Trainer: seconds", 15),
    "pretraining_speed": Experiment("pretraining against transformers.Trainer: seconds", 4),
    "generation_speed": Experiment("generation beside llama.cpp and transformers: tokens/s", 5),
    "quantized": Experiment("SmolLM2 in 4 and 8 bits: answers, speed, memory", 5),
    "frameworks": Experiment("the same model on PyTorch, TensorFlow and JAX, by Keras", 5),
    "onnx": Experiment("models by torch and by onnxruntime: outputs, speed, 8 bits", 15),
    "processes": Experiment("two processes against one: an update as predicted, as timed", 12),
    "gpu": Experiment("training on a GPU against plain torch and transformers.Trainer", 8),
    "torture": Experiment("the lessons under interrupts, kills, and a bad, small disk", 60),
    "replays": Experiment("the trainings of the lessons' widgets, recorded for lectures", 30),
}
"""Name -> what it is. The module is kit.experiments.NAME, its file kit/results/data/NAME.json."""


def parser(name: str, docstring: str) -> argparse.ArgumentParser:
    """The command line of an experiment: its help is the module's docstring."""
    result = argparse.ArgumentParser(
        prog=f"python -m kit.experiments {name}",
        description=docstring,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument(
        "--verify",
        action="store_true",
        help="measure two quick rows again, print them beside the recorded ones, and stop",
    )
    return result
