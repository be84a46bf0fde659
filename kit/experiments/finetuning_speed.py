"""Fine-tuning with the kit against `transformers.Trainer`: same model, data, batches, precision.

    python -m kit.experiments finetuning_speed     # a quarter of an hour on two cores
    python -m kit.experiments finetuning_speed --labels 100 --rounds 1    # print, record nothing

Nothing else should run. Both start from the same values (MiniLM, mean pooling, one head), see the
same 1,600 labels for three epochs in batches of 16 with the same AdamW and the same schedule, and
alternate in one process. Prints the ratio of seconds, both test accuracies and their difference
seed by seed, the share of padding in each one's batches, the three slowest operators of the kit,
and the peak memory of each in a process of its own. No score is computed while the time runs.
"""

import time
from pathlib import Path

import numpy as np
from torch import nn

from kit import sources
from kit.experiment import prepare
from kit.experiments import timing
from kit.files import temporary_folder
from kit.migrate import migrate
from kit.tasks import sentiment
from kit.train import Recipe, fit
from kit.train.batches import epoch_batches

QUICK = "Its rows are timings of minutes."
RATE = 1e-4
EPOCHS = 3
BATCH = 16
SEEDS = 5


def main(arguments: list[str]) -> None:
    command = timing.parser("finetuning_speed", __doc__, rounds=SEEDS)
    command.add_argument("--labels", type=int, default=1600)
    options = command.parse_args(arguments)
    save = timing.ready(options, command.parse_args([]))
    data, source = sentiment.load(), sources.minilm()
    train = list(sentiment.sample(data["train"], options.labels, 0))
    test = list(data["test"])
    with temporary_folder() as space:
        folder = str(sources.export(source, Path(space, "minilm")))
        runs = {
            "kit": lambda seed: kit_run(source, train, test, seed),
            "trainer": lambda seed: trainer_run(source, train, test, seed, folder),
        }
        rows = timing.alternate(runs, options)
    if rows:
        timing.report(
            "finetuning_speed",
            rows,
            [f"--labels={options.labels}"],
            save=save,
            accuracy=timing.mean(rows, "accuracy"),
            **{
                "accuracy, kit less trainer": timing.difference(rows, "accuracy"),
                "padding": padding(source, train),
                **profile(source, train),
            },
        )


def profile(source, train) -> dict:
    """What takes most of the kit's time."""
    experiment = prepare(source, "full", sentiment, train)
    model, training = experiment.model, experiment.target.training
    return timing.profiled(
        lambda steps: fit(model, experiment.examples, Recipe(steps=steps), **training)
    )


def padding(source, train) -> dict[str, float]:
    """The share of a batch's tokens that are padding: the kit puts texts of similar length into a
    batch, the Trainer, unless it is told to, does not."""
    examples = sentiment.encode(train, source.tokenizer)
    order = np.random.default_rng(0).permutation(len(examples))
    orders = {
        "kit": [[len(e["ids"]) for e in batch] for batch in epoch_batches(examples, BATCH, 0)],
        "trainer": [
            [len(examples[i]["ids"]) for i in order[start : start + BATCH]]
            for start in range(0, len(order), BATCH)
        ],
    }
    return {
        library: round(1 - sum(map(sum, batches)) / sum(max(b) * len(b) for b in batches), 3)
        for library, batches in orders.items()
    }


class TransformersModel(nn.Module):
    """transformers' BertModel with the kit's pooling and the kit's fresh head."""

    def __init__(self, folder: str, head: nn.Linear) -> None:
        from transformers import AutoModel

        super().__init__()
        no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        self.body = AutoModel.from_pretrained(folder, add_pooling_layer=False, **no_dropout)
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(head.in_features, head.out_features))
        self.head[1].load_state_dict(head.state_dict())

    def forward(self, input_ids, attention_mask, labels=None):
        hidden = self.body(input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask[..., None]
        logits = self.head((hidden * mask).sum(1) / mask.sum(1))
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits}


def kit_run(source, train, test, seed: int) -> dict:
    """Fine-tune with the kit; seconds and test accuracy."""
    recipe = Recipe(epochs=EPOCHS, batch_size=BATCH, rate=RATE, keep_best=False, seed=seed)
    experiment = prepare(source, "full", sentiment, train, seed=seed, recipe=recipe)
    began = time.perf_counter()
    experiment.fit()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "accuracy": experiment.score(test)["accuracy"]}


def trainer_run(source, train, test, seed: int, folder: str) -> dict:
    from transformers import AutoTokenizer, DataCollatorWithPadding

    start = migrate(source, sentiment.head, "full", seed=seed).model
    model = TransformersModel(folder, start.head.linear)
    settings = timing.settings(
        folder,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=64,
        learning_rate=RATE,
        weight_decay=0.01,
        seed=seed,
    )
    sets = [
        [
            {"input_ids": e["ids"], "labels": e["y"]}
            for e in sentiment.encode(rows, source.tokenizer)
        ]
        for rows in (train, test)
    ]
    collator = DataCollatorWithPadding(AutoTokenizer.from_pretrained(folder))
    trainer = timing.same_trainer()(
        model=model, args=settings, train_dataset=sets[0], data_collator=collator
    )
    began = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - began
    output = trainer.predict(sets[1])
    accuracy = float(np.mean(output.predictions.argmax(-1) == output.label_ids))
    return {"seconds": seconds, "accuracy": accuracy}
