"""What a user may give as examples, and what is refused by name."""

import numpy as np
import pytest
import torch
from datasets import Dataset, IterableDataset

from kit.errors import KitError
from kit.loss import IGNORE
from kit.models import ClassHead, Model
from kit.models.rnn import RNN, RNNConfig
from kit.train import Recipe, Run, fit, training_steps
from kit.train.batches import collate, stream

WINDOWS = np.random.default_rng(0).integers(1, 50, (24, 8))


def model() -> Model:
    torch.manual_seed(0)
    return Model(RNN(RNNConfig(vocabulary=50, width=8, layers=1)), ClassHead(8, 2))


@pytest.mark.parametrize("kind", [list, tuple, np.asarray, torch.tensor])
def test_lists_arrays_and_tensors_make_the_same_batch(kind):
    rows = [([3, 4, 5], [1, IGNORE, 2]), ([6], [0])]
    found = collate([{"ids": kind(ids), "y": kind(y)} for ids, y in rows])
    assert found.ids.tolist() == [[3, 4, 5], [6, 0, 0]] and found.ids.dtype == torch.int64
    assert found.mask.tolist() == [[True] * 3, [True, False, False]]
    assert found.y.tolist() == [[1, IGNORE, 2], [0, IGNORE, IGNORE]]


@pytest.mark.parametrize(
    ("ys", "shape", "dtype"),
    [
        ([0, 1], (2,), torch.int64),
        ([np.int32(0), np.int32(1)], (2,), torch.int64),
        ([0.5, 1], (2,), torch.float32),
        (list(np.ones((2, 3))), (2, 3), torch.float32),
    ],
)
def test_labels_are_classes_numbers_or_vectors(ys, shape, dtype):
    y = collate([{"ids": [1], "y": y} for y in ys]).y
    assert y.shape == shape and y.dtype == dtype


def test_a_dataset_a_list_and_a_function_of_the_epoch_train_to_the_same_bits():
    ids, y = WINDOWS.tolist(), [0, 1] * 12
    rows = [{"ids": i, "y": j} for i, j in zip(ids, y, strict=True)]
    reached = []
    for examples in (rows, Dataset.from_dict({"ids": ids, "y": y}), lambda epoch: rows):
        made = model()
        fit(made, examples, Recipe(epochs=2, batch_size=8))
        reached.append(torch.cat([p.detach().flatten() for p in made.parameters()]))
    assert all(torch.equal(found, reached[0]) for found in reached[1:])


def test_a_function_makes_each_epoch_anew():
    asked = []

    def examples(epoch):
        asked.append(epoch)
        return [{"ids": ids, "y": epoch % 2} for ids in WINDOWS]

    run = Run()
    for _ in training_steps(model(), examples, Recipe(epochs=3, batch_size=8), run=run):
        pass
    assert asked == [0, 1, 2] and run.settings["examples"] == 24


@pytest.mark.parametrize("done", [0, 1, 3, 4, 11])
def test_the_stream_goes_on_as_if_it_had_not_stopped(done):
    rows = [{"ids": [i] * (i % 5 + 1), "y": i} for i in range(26)]
    whole, rest = (stream(rows, rows, 8, 7, done=k) for k in (0, done))
    for _ in range(done):
        next(whole)
    for _ in range(9):
        assert next(rest) == next(whole)


@pytest.mark.parametrize(
    ("examples", "says"),
    [
        ([], "no examples"),
        (lambda epoch: [], "no examples"),
        (WINDOWS, "ndarray.*next_token"),
        (["a film", "a book"], "str.*next_token"),
        (Dataset.from_dict({"ids": WINDOWS}), r"\['ids'\].*next_token"),
        (IterableDataset.from_generator(lambda: iter([{"ids": [1], "y": 0}])), "take"),
        ([{"ids": "a film", "y": 0}], "tokenizer.encode"),
        ([{"ids": [0.5, 1.0], "y": 0}], "float64.*tokenizer.encode"),
        ([{"ids": [[1, 2], [3, 4]], "y": 0}], r"\(2, 2\).*tokenizer.encode"),
    ],
)
def test_what_is_no_example_is_named_with_the_remedy(examples, says):
    with pytest.raises(KitError, match=says):
        fit(model(), examples, Recipe(steps=1))


def test_a_batch_of_more_than_there_is_is_refused_but_not_the_default():
    rows = [{"ids": ids, "y": 0} for ids in WINDOWS[:10]]
    with pytest.raises(KitError, match="batch_size=10 at most"):
        fit(model(), rows, Recipe(steps=1, batch_size=32))
    assert len(fit(model(), rows, Recipe(epochs=2)).steps) == 2


@pytest.mark.parametrize("budget", [{"steps": 0}, {"epochs": 0}, {"seconds": 0}, {"steps": -1}])
def test_a_budget_of_nothing_is_refused(budget):
    with pytest.raises(KitError, match="above zero"):
        Recipe(**budget)
