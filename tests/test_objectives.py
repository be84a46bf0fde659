"""Laws of the objectives: what is read, what is to be predicted, and that each can be learnt."""

import numpy as np
import pytest
import torch

from kit import objectives
from kit.errors import KitError
from kit.loss import IGNORE
from kit.models import (
    RNN,
    LanguageHead,
    Model,
    RNNConfig,
    TagHead,
    Transformer,
    TransformerConfig,
    VectorHead,
)
from kit.tokenizer import Tokenizer
from kit.train import Recipe, fit, total_loss

TEXTS = [f"{a} {b} {a} {b}" for a in ["the", "a", "one", "no"] for b in ["cat", "dog", "film"]] * 4
TOKENS = Tokenizer.train(TEXTS, 270)
WINDOWS = np.random.default_rng(0).integers(4, 270, (40, 1)) + np.arange(12) % 3  # predictable
BODIES = {
    "transformer": lambda causal: Transformer(
        TransformerConfig(
            vocabulary=290,
            width=32,
            layers=1,
            heads=2,
            intermediate_size=64,
            block_size=32,
            causal=causal,
        )
    ),
    "rnn": lambda causal: RNN(
        RNNConfig(vocabulary=290, width=32, layers=1, bidirectional=not causal)
    ),
}
every_body = pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))


def test_the_next_token_is_the_window_moved_by_one():
    for example, window in zip(objectives.next_token(WINDOWS), WINDOWS, strict=True):
        assert list(example["ids"]) == list(window[:-1]) and list(example["y"]) == list(window[1:])


def test_a_mask_hides_what_is_asked_and_nothing_else():
    windows = np.random.default_rng(1).integers(4, 270, (500, 40))
    for epoch in (0, 1):
        rows = objectives.masked(windows, TOKENS, seed=3)(epoch)
        ids, y = (np.stack([row[key] for row in rows]) for key in ("ids", "y"))
        asked = y != IGNORE
        assert (y[asked] == windows[asked]).all() and (ids[~asked] == windows[~asked]).all()
        assert asked.mean() == pytest.approx(0.15, abs=0.01)
        assert (ids[asked] == TOKENS.mask).mean() == pytest.approx(0.8, abs=0.03)
        assert (ids[asked] == windows[asked]).mean() == pytest.approx(0.1, abs=0.03)


def test_what_is_hidden_or_exchanged_is_drawn_anew_by_epoch_and_the_same_by_seed():
    for objective in (
        lambda seed: objectives.masked(WINDOWS, TOKENS, seed=seed),
        lambda seed: objectives.replaced(WINDOWS, seed=seed),
    ):
        first, again = (np.stack([r["ids"] for r in objective(0)(0)]) for _ in range(2))
        np.testing.assert_array_equal(first, again)
        for seed, epoch in ((0, 1), (1, 0)):
            other = np.stack([row["ids"] for row in objective(seed)(epoch)])
            assert (first != other).any()


def test_an_impostor_is_marked_exactly_where_the_token_differs():
    rows = objectives.replaced(WINDOWS)(0)
    for row, window in zip(rows, WINDOWS, strict=True):
        np.testing.assert_array_equal(row["y"], row["ids"] != window)
    assert 0.05 < np.mean([row["y"] for row in rows]) <= 0.15


def drop(model, examples, loss="cross_entropy", **extras) -> float:
    """By what share fitting lowers the mean loss."""
    fixed = examples(0) if callable(examples) else examples
    before, _n = total_loss(model, fixed, loss)
    recipe = Recipe(loss=loss, steps=150, rate=1e-2, precision="fp32", warmup=0.05)
    fit(model, examples, recipe, **extras)
    return 1 - total_loss(model, fixed, loss)[0] / before


@every_body
def test_each_objective_is_learnt_through_the_same_fit(body):
    torch.manual_seed(0)
    causal, both = body(True), body(False)
    assert drop(Model(causal, LanguageHead.tied(causal)), objectives.next_token(WINDOWS)) > 0.15
    hidden = objectives.masked(WINDOWS, TOKENS)
    assert drop(Model(both, LanguageHead.tied(both)), hidden) > 0.15
    assert drop(Model(body(False), TagHead(32, 2)), objectives.replaced(WINDOWS)) > 0.2
    wanted = np.eye(6)[[len(text) % 6 for text in TEXTS]]
    taught = objectives.vectors(TEXTS, TOKENS, wanted)
    assert drop(Model(body(False), VectorHead(32, 6)), taught, "squared_error") > 0.5


@every_body
def test_a_teacher_is_imitated_in_what_it_says_next(body):
    torch.manual_seed(0)
    big, small = body(True), body(True)
    teacher, student = Model(big, LanguageHead.tied(big)), Model(small, LanguageHead.tied(small))
    rows = objectives.next_token(WINDOWS)
    fit(teacher, rows, Recipe(steps=60, rate=1e-2, precision="fp32"))
    before = [p.detach().clone() for p in teacher.parameters()]
    guess = [{**row, "y": np.full_like(row["y"], IGNORE)} for row in rows]  # the teacher alone
    penalty = objectives.imitate(student, teacher)
    untaught = total_loss(student, rows)[0]
    fit(student, guess, Recipe(steps=80, rate=1e-2, precision="fp32"), penalty=penalty)
    assert total_loss(student, rows)[0] < 0.8 * untaught
    assert all(torch.equal(a, b) for a, b in zip(before, teacher.parameters(), strict=True))


@pytest.mark.parametrize("windows", [[], [[1]], [1, 2, 3], np.empty((0, 5), int)])
def test_windows_that_hold_nothing_are_named(windows):
    with pytest.raises(KitError, match="windows of shape"):
        objectives.next_token(windows)


def test_a_vector_for_each_text():
    with pytest.raises(KitError, match="1 vectors for 2 texts"):
        objectives.vectors(["a", "b"], TOKENS, np.ones((1, 4)))
