"""Fine-tuning with the kit against `transformers.Trainer`: same model, data, batches, precision.

    python -m kit.experiments finetuning_speed     # about ten minutes on two cores, nothing else running

Both start from the same values (MiniLM, mean pooling, one head), see the same 1,600 labels for
three epochs in batches of 16 at the same rate, and take turns in one process. Prints the ratio
of seconds, both test accuracies, the three largest items of the kit's profile, and the peak
memory of each in a process of its own. Writes kit/results/data/finetuning_speed.json.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
from torch import nn

from kit import sources
from kit.experiments import timing
from kit.migrate import migrate
from kit.tasks import sentiment
from kit.train import Recipe, fit

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
    examples = sentiment.encode(train, source.tokenizer)
    began = time.perf_counter()
    fit(target.model, examples, recipe, groups=target.groups)
    seconds = time.perf_counter() - began
    score = sentiment.scorer(test, source.tokenizer)(target.model)
    return {"seconds": seconds, "accuracy": score}


def trainer_run(source, train, test, seed: int, folder: str) -> dict:
    from transformers import AutoTokenizer, DataCollatorWithPadding, Trainer

    start = migrate(source, sentiment.head, "full", seed=seed).model
    model = Theirs(folder, start.head.linear)
    settings = timing.settings(
        folder,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=64,
        learning_rate=RATE,
        warmup_steps=round(0.1 * EPOCHS * len(train) / BATCH),
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
    trainer = Trainer(model=model, args=settings, train_dataset=sets[0], data_collator=collator)
    began = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - began
    found = trainer.predict(sets[1])
    score = float(np.mean(found.predictions.argmax(-1) == found.label_ids))
    return {"seconds": seconds, "accuracy": score}


def main() -> None:
    parser = timing.parser(__doc__)
    parser.add_argument("--labels", type=int, default=1600)
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
        rows = timing.take(both, options)
    if rows:
        target = migrate(source, sentiment.head, "full")
        examples = sentiment.encode(train, source.tokenizer)
        timing.write(
            "against_trainer",
            "seconds of transformers.Trainer over seconds of the kit, per round",
            rows,
            [__file__, "--labels", str(options.labels)],
            accuracy=timing.mean(rows, "accuracy"),
            **{
                "largest items of the profile": timing.largest(
                    lambda n: fit(target.model, examples, Recipe(steps=n), groups=target.groups)
                )
            },
        )


if __name__ == "__main__":
    main()
