"""Transferability: each estimator against another computation, and what is refused."""

import math
import warnings

import numpy as np
import pytest
import torch

from kit import runtime, sources
from kit.audit.learning_curves import text_vectors
from kit.audit.transferability import (
    ESTIMATORS,
    CachedVectors,
    at_depth,
    best_layer,
    estimate,
    h_score,
    layer_vectors,
    leep,
    linear_probe,
    log_me,
    n_leep,
    nearest_neighbours,
    trans_rate,
    word_vectors,
)
from kit.errors import KitError
from kit.metrics import _tau_b, agreement
from kit.migrate import migrate
from kit.tasks import entities, topics

TEXTS = ["A warm and funny film.", "It is far too long, and nothing happens.", "Good!"]


def clouds(n: int = 90, width: int = 12, classes: int = 3, apart: float = 1.0, seed: int = 0):
    """Vectors of classes whose means are so far apart, and their labels."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    means = apart * generator.standard_normal((classes, width))
    return means[labels] + generator.standard_normal((n, width)) + 0.3, labels


@pytest.mark.parametrize("width", [6, 60], ids=["narrow", "wider than N"])
def test_logme_is_the_largest_evidence_of_a_gaussian(width: int) -> None:
    """log p(y) by scipy's multivariate normal, maximised by another optimiser."""
    from scipy.optimize import minimize
    from scipy.stats import multivariate_normal

    vectors, labels = clouds(n=40, width=width)

    def evidence(logs, y):
        signal, noise = np.exp(logs)
        covariance = signal * vectors @ vectors.T + noise * np.eye(40)
        return multivariate_normal.logpdf(y, np.zeros(40), covariance)

    best = []
    for c in range(3):
        y = (labels == c).astype(float)
        tries = [
            minimize(lambda logs, y=y: -evidence(logs, y), start, method="Nelder-Mead")
            for start in ([-2.0, -2.0], [-5.0, -1.0])
        ]
        best.append(-min(found.fun for found in tries) / 40)
    assert log_me(vectors, labels) == pytest.approx(np.mean(best), abs=1e-5)


def test_logme_agrees_with_bayesian_ridge() -> None:
    from sklearn.linear_model import BayesianRidge

    vectors, labels = clouds(n=120, width=8)
    flat = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 1e-12)
    scores = []
    for c in range(3):
        ridge = BayesianRidge(fit_intercept=False, compute_score=True, max_iter=2000, tol=1e-9)
        ridge.set_params(**flat).fit(vectors, labels == c)
        scores.append(ridge.scores_[-1] / 120)
    assert log_me(vectors, labels) == pytest.approx(np.mean(scores), abs=1e-4)


def test_h_score_is_the_sum_of_squared_canonical_correlations() -> None:
    vectors, labels = clouds()
    centred = vectors - vectors.mean(0)
    classes = np.eye(3)[labels] - 1 / 3
    Q, P = np.linalg.qr(centred)[0], np.linalg.svd(classes, full_matrices=False)[0][:, :2]
    correlations = np.linalg.svd(Q.T @ P, compute_uv=False)
    assert h_score(vectors, labels, shrink=False) == pytest.approx((correlations**2).sum())


def test_h_score_without_shrinkage_says_the_same_of_noise() -> None:
    noise, labels = clouds(n=40, width=60, apart=0)
    assert h_score(noise, labels, shrink=False) == pytest.approx(2, abs=1e-6), "C - 1, for noise"
    signal, _ = clouds(n=40, width=60, apart=2)
    assert h_score(noise, labels) < 0.5 * h_score(signal, labels) < 1


def test_shrunk_h_score_is_the_formula_with_ledoit_wolf() -> None:
    from sklearn.covariance import LedoitWolf

    vectors, labels = clouds(n=60, width=30)
    fitted = LedoitWolf().fit(vectors)
    means = np.stack([vectors[labels == c].mean(0) for c in labels])
    between = np.cov(means.T, bias=True)
    by_hand = (1 - fitted.shrinkage_) * np.trace(fitted.precision_ @ between)
    assert h_score(vectors, labels) == pytest.approx(by_hand)


def test_linear_probe_is_scikit_learns_cross_validation() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    vectors, labels = clouds(apart=0.5)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=300))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(probe, vectors, labels, cv=folds)
    assert linear_probe(vectors, labels) == pytest.approx(scores.mean()) and scores.mean() < 0.9


def test_nearest_neighbours_are_scikit_learns() -> None:
    from sklearn.model_selection import LeaveOneOut, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    vectors, labels = clouds(apart=0.4, classes=2)
    for k in (1, 5):  # with two classes an odd number of votes cannot be equal
        knn = KNeighborsClassifier(k, metric="cosine", algorithm="brute")
        scores = cross_val_score(knn, vectors, labels, cv=LeaveOneOut())
        assert nearest_neighbours(vectors, labels, k=k) == pytest.approx(scores.mean())
        assert 0.5 < scores.mean() < 0.9
    line = np.array([[1, 0], [1, 0.1], [1, 0.3], [1, 0.6], [1, 1.0]])  # angles grow
    assert nearest_neighbours(line, [0, 0, 1, 1, 1], k=2) == 0.8, "equal votes: the nearest counts"


def test_leep_by_its_definition() -> None:
    generator = np.random.default_rng(0)
    shares = generator.dirichlet(np.ones(4), 30)
    labels = generator.integers(0, 3, 30)
    total = 0.0
    for i in range(30):
        chance = 0.0
        for v in range(4):
            of_class = sum(shares[j, v] for j in range(30) if labels[j] == labels[i])
            chance += of_class / shares[:, v].sum() * shares[i, v]
        total += math.log(chance)
    assert leep(shares, labels) == pytest.approx(total / 30)
    assert leep(np.eye(3)[labels], labels) == pytest.approx(0), "clusters that are the classes"


def test_n_leep_of_one_gaussian_is_minus_the_entropy_of_the_classes() -> None:
    vectors, labels = clouds(apart=3)
    assert n_leep(vectors, labels, gaussians=1) == pytest.approx(-math.log(3))
    assert n_leep(vectors, labels) > -0.3
    assert n_leep(clouds(apart=0)[0], labels) < -0.6


def test_trans_rate_is_a_difference_of_log_determinants() -> None:
    vectors, labels = clouds()
    centred = vectors - vectors.mean(0)

    def rate(Z):
        return np.linalg.slogdet(np.eye(12) + Z.T @ Z / (len(Z) * 1e-4))[1] / 2

    of_classes = np.mean([rate(centred[labels == c]) for c in range(3)])
    assert trans_rate(vectors, labels) == pytest.approx(rate(centred) - of_classes)


def test_every_estimator_prefers_classes_that_lie_apart() -> None:
    far, labels = clouds(apart=2)
    near, _ = clouds(apart=0.2)
    for name, estimator in ESTIMATORS.items():
        assert estimator(far, labels) > estimator(near, labels), name
        names = np.array(["a", "b", "c"])[labels]
        assert estimator(far.astype(np.float32), names) == pytest.approx(
            estimator(far, labels), rel=1e-4
        ), name


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=[*ESTIMATORS])
def test_wrong_input_is_refused_by_name(estimator) -> None:
    vectors, labels = clouds(n=30)
    broken = vectors.copy()
    broken[7, 2] = math.nan
    for wrong, y, message in (
        (vectors[0], labels, r"\(12,\)"),
        ([["a"]], [0], "type <U1"),
        (broken, labels, "vector 7 holds nan"),
        (vectors, labels[:-1], "30 vectors with labels"),
        (vectors, labels / 2, "is no class"),
        (vectors, np.zeros(30, int), "all labels are"),
        (vectors, [*[0] * 29, 1], "class .*1.* has 1 of 30"),
        (np.ones((30, 4)), labels, "all vectors are the same"),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(KitError, match=message):
                estimator(wrong, y)


def test_settings_without_a_meaning_are_refused() -> None:
    vectors, labels = clouds(n=30)
    for k in (0, 30, 2.5):
        with pytest.raises(KitError, match=f"k={k}"):
            nearest_neighbours(vectors, labels, k=k)
    with pytest.raises(KitError, match="gaussians=31"):
        n_leep(vectors, labels, gaussians=31)
    with pytest.raises(KitError, match="no distributions"):
        leep(vectors, labels)
    one = CachedVectors(source="s", layer=0, layers=0, task="t", vectors=vectors, labels=labels)
    for options, message in (
        ({"estimators": ["magic"]}, "magic"),
        ({"estimators": "kNN"}, "list of names"),
        ({"estimators": []}, "list of names"),
        ({"n": 9.5}, "n=9.5"),
        ({"draws": 0}, "draws=0"),
    ):
        with pytest.raises(KitError, match=message):
            estimate([one], **options)
    with pytest.raises(KitError, match="ndarray is not CachedVectors"):
        list(estimate([vectors]))
    with pytest.raises(KitError, match="'c' is unknown"):
        layer_vectors(sources.load("rnn_encoder"), TEXTS, how="c")


def test_estimates_of_sources_layers_and_tasks_share_their_draws() -> None:
    cached = [
        CachedVectors(source=name, layer=layer, layers=1, task=task, vectors=vectors, labels=labels)
        for task in ("one", "two")
        for name, apart in (("good", 2.0), ("poor", 0.3))
        for layer in (0, 1)
        for vectors, labels in [clouds(n=120, apart=apart * (1 + layer))]
    ]
    options = {"n": 60, "draws": 3, "estimators": ("kNN", "H-score"), "seed": 4}
    found = list(estimate(cached, **options))
    assert len(found) == 2 * 2 * 2 * 2 and all(len(one.values) == 3 for one in found)
    assert found == list(estimate(cached, **options)), "the same seed, the same draws"
    mean, half = found[1].interval
    assert mean == found[1].mean and 0 < half < 1 and len(set(found[1].values)) == 3
    own = [one for one in found if (one.task, one.estimator) == ("two", "H-score")]
    best = best_layer(own)
    assert best["good"].layer == 1 and best["good"].mean > best["poor"].mean
    assert at_depth(own, 0.2)["good"].layer == 0 and at_depth(own, 1)["poor"].layer == 1
    with pytest.raises(KitError, match=r"depth=1\.5"):
        at_depth(own, 1.5)
    with pytest.raises(KitError, match="has two estimates of layer 0"):
        at_depth([*own, *own], 0)
    with pytest.raises(KitError, match="one task and one estimator"):
        best_layer(found)
    everything = next(estimate(cached, n=500, draws=2, estimators=["kNN"]))
    assert everything.interval[1] == 0, "all examples: nothing is drawn"


def test_tau_is_scipys_and_its_interval_is_wide() -> None:
    from scipy.stats import kendalltau

    generator = np.random.default_rng(0)
    for _ in range(20):
        x, y = generator.integers(0, 4, (2, 7)).astype(float)
        assert _tau_b(x, y) == pytest.approx(kendalltau(x, y).statistic, nan_ok=True)
    names = "abcdefg"
    estimates = {name: [i + 0.1, i - 0.1] for i, name in enumerate(names)}
    scores = {name: [2.0 * i, 2.0 * i + 0.5] for i, name in enumerate(names)}
    same = agreement(estimates, scores, draws=200)
    assert (same.tau, same.low, same.high, same.sources) == (1, 1, 1, 7)
    assert same.chance == pytest.approx(2 / math.factorial(7))
    scores["d"], scores["g"] = [0.5], [3.0]
    mixed = agreement(estimates, scores, draws=500)
    assert mixed.low < mixed.tau < mixed.high and mixed.high - mixed.low > 0.6
    assert "7 sources" in str(mixed)


def test_tau_needs_three_sources_and_numbers() -> None:
    three = {name: [1.0, 2.0] for name in "abc"}
    with pytest.raises(KitError, match=r"2 sources .* \(a, b\)"):
        agreement(three, {"a": [1], "b": [2], "d": [3]})
    with pytest.raises(KitError, match="different numbers of draws"):
        agreement(three | {"c": [1.0]}, three)
    with pytest.raises(KitError, match="'b' has"):
        agreement(three, three | {"b": [math.nan]})


def near() -> dict[str, float]:
    """How far the vectors of a text may be from those of its layers, which are always of fp32."""
    return {"abs": 1e-5 if runtime.precision() == "fp32" else 0.02, "rel": 0}


@pytest.mark.parametrize("name", ["rnn_encoder", "transformer_encoder", "rnn_writer"])
def test_the_last_layer_is_what_the_body_returns(name: str) -> None:
    source = sources.load(name)
    layers = layer_vectors(source, TEXTS)
    depth = getattr(source.body, "blocks", None) or source.body.layers
    assert len(layers) == 1 + len(depth)
    assert layers[-1] == pytest.approx(text_vectors(source, TEXTS), **near())
    assert layer_vectors(source, TEXTS, how="last")[-1] != pytest.approx(layers[-1], abs=1e-2)
    alone = layer_vectors(source, TEXTS[2:])
    for own, with_others in zip(alone, layers, strict=True):
        assert own[0] == pytest.approx(with_others[2], abs=1e-5), "padding changes nothing"


def test_a_layer_is_what_a_body_cut_there_returns() -> None:
    source = sources.load("transformer_encoder")
    layers = layer_vectors(source, TEXTS)
    target = migrate(source, topics.head, "choose_layers", layers=[0])
    source.body = target.model.body
    assert layers[1] == pytest.approx(text_vectors(source, TEXTS), **near())


def test_word_vectors_stand_where_the_tagger_reads() -> None:
    source = sources.load("transformer_encoder")
    sentences = [["Turkey", "beat", "Ruritania", "."], ["no"] * 200]
    layers = word_vectors(source, sentences)
    assert [len(states) for states in layers] == [204] * 3
    empty = np.isnan(layers[-1]).any(1)
    assert not empty[:4].any() and empty[-1], "the last is behind the 128th token"
    ids, first = entities.align(sentences[0], source.tokenizer, 128)
    with torch.inference_mode():
        states = source.body.eval()(torch.tensor([ids]))[0].numpy()
    assert layers[-1][[0, 2]] == pytest.approx(states[first[[0, 2]]], abs=1e-5)
    with pytest.raises(KitError, match="no sentence"):
        word_vectors(source, [])


def test_a_body_of_another_kind_has_one_layer() -> None:
    source = sources.load("rnn_encoder")

    class Table(torch.nn.Module):
        """Word vectors alone."""

        def __init__(self, embedding: torch.nn.Embedding) -> None:
            super().__init__()
            self.embedding, self.width = embedding, embedding.embedding_dim

        def forward(self, ids, mask=None):
            return self.embedding(ids)

    embeddings = layer_vectors(source, TEXTS)[0]
    source.body = Table(source.body.embedding)
    [only] = layer_vectors(source, TEXTS)
    assert only == pytest.approx(embeddings, abs=1e-6)
    [words] = word_vectors(source, [["Good", "!"]])
    assert words.shape == (2, 192)
