"""Translation: nothing of a test in anybody's training, placeholders survive, scores are the
field's own, any input is answered or refused."""

import math
import re
from dataclasses import replace
from functools import partial

import pytest
import torch

from kit.data import placeholders
from kit.data.placeholders import hide, restore
from kit.errors import KitError
from kit.experiments import translation as translation_experiment
from kit.models.ensemble import ensemble
from kit.results import translation as translation_results
from kit.sources import Source
from kit.tasks import bootstrap, translation
from kit.tasks.translation.alignment import align
from kit.tasks.translation.judged import edits, unknown_words
from kit.tasks.translation.memory import Memory
from kit.tasks.translation.neighbours import with_neighbours
from kit.tasks.translation.parent import examples, rnn, train_parent, transformer
from kit.train import Recipe, fit, total_loss
from kit.widgets.translation import translation_curves_figure
from kit.widgets.translation.translate import Translate
from kit.widgets.translation.translate_figure import page
from kit.widgets.translation.translation_race import TranslationRace


@pytest.fixture(scope="module")
def tokenizer(archives):
    """The task's vocabulary."""
    return translation.pieces()


@pytest.fixture(scope="module")
def source(tokenizer):
    """A parent's shape with fresh values."""
    torch.manual_seed(0)
    made = transformer(tokenizer, width=32)
    return Source("fresh", made.body, tokenizer, made.head)


@pytest.fixture(scope="module")
def model(source):
    return translation.target(source).model.eval()


def words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.lower())) or (text,)


def test_no_english_of_a_test_is_in_any_training(archives) -> None:
    sides: dict[str, set] = {"train": set(), "validation": set(), "test": set()}
    for language in translation.LANGUAGES:
        data = translation.load(language)
        for name, rows in data.items():
            sides[name] |= {words(text) for text in rows["english"][:]}
            assert {*rows["language"][:]} == {language}
            assert len({*rows["id"][:]}) == len({*rows["english"][:]}) == len(rows)
            assert max(len(text.split()) for text in rows["english"][:]) <= translation.WORDS
    assert not sides["train"] & (sides["validation"] | sides["test"])
    assert not sides["validation"] & sides["test"]
    assert not {*translation.CHILDREN} & {*translation.PARENTS}


def test_samples_are_nested(archives) -> None:
    rows = translation.load("it")["train"]
    small, large = (translation.sample(rows, n, 3)["id"][:] for n in (100, 300))
    assert large[:100] == small and len({*large}) == 300
    assert translation.sample(rows, 100, 4)["id"][:] != small
    for n in (0, len(rows) + 1, 2.5):
        with pytest.raises(KitError, match="rows: give a whole number"):
            translation.sample(rows, n, 0)


@pytest.mark.parametrize(
    "text",
    ["Hello %(name)s!", "${count} of ${total}", "{0}{1} {}", "%1: %2 (%1)", "100 % of it", "%s"],
)
def test_placeholders_become_slots_and_come_back(text: str) -> None:
    hidden, names = hide(text)
    assert restore(hidden, names) == text
    assert not placeholders.found(hidden) and names == list(dict.fromkeys(placeholders.found(text)))
    assert restore(hide("x" + placeholders.slot(3))[0], []) == "x"


def test_both_sides_have_the_same_slots(archives, tokenizer) -> None:
    """Of all pairs with a placeholder: what is hidden and encoded comes back from its ids."""
    counted = 0
    for row in translation.load("it")["train"]:
        english, names = hide(row["english"])
        if names and len(tokenizer.encode(row["translation"])) < translation.LIMIT:
            there = hide(row["translation"], names)[0]
            ids = tokenizer.encode(there, translation.LIMIT)
            assert restore(tokenizer.decode(ids), names) == row["translation"]
            assert not placeholders.found(english + there)
            counted += 1
    assert counted > 300


def test_a_tag_and_a_slot_are_one_piece_each(tokenizer) -> None:
    signs = [translation.tag(name) for name in translation.LANGUAGES]
    signs += [placeholders.slot(i) for i in range(placeholders.SLOTS)]
    alone = [tokenizer.encode(sign, special=False) for sign in signs]
    assert all(len(ids) == 1 for ids in alone) and len({ids[0] for ids in alone}) == len(signs)
    for sign, [piece] in zip(signs, alone, strict=True):
        assert piece in tokenizer.encode(f"({sign}).x{sign}y")


def test_teacher_forcing_reads_what_it_shall_write_moved_by_one(archives, tokenizer) -> None:
    rows = translation.load("zh")["validation"].select(range(20))
    for row, made in zip(rows, translation.encode(rows, tokenizer), strict=True):
        assert made["target"][0] == tokenizer.bos and made["y"][-1] == tokenizer.eos
        assert made["target"][1:] == made["y"][:-1]
        assert tokenizer.decode(made["y"]) == hide(row["translation"], hide(row["english"])[1])[0]


def test_scores_are_sacrebleus(archives) -> None:
    from sacrebleu.metrics import BLEU, CHRF

    rows = translation.load("zh")["test"].select(range(40))
    answers = [text[:-1] for text in rows["translation"][:]]
    truth = [rows["translation"][:]]
    found = translation.score(answers, rows)
    assert math.isclose(found["bleu"], BLEU(tokenize="zh").corpus_score(answers, truth).score)
    assert math.isclose(found["chrf"], CHRF().corpus_score(answers, truth).score)
    assert "tok:zh" in translation.signature("zh") and "tok:13a" in translation.signature("it")
    perfect = translation.score(rows["translation"][:], rows)
    assert math.isclose(perfect["bleu"], 100) and perfect["placeholders"] > 0.95
    low, high = bootstrap(translation, answers, rows, draws=50)
    assert low < found["bleu"] < high


def test_lost_placeholders_are_counted() -> None:
    row = {"english": "%1 of %2", "translation": "%1 di %2", "language": "it"}
    assert translation.score(["%1 di due"], [row])["placeholders"] == 0.5
    assert translation.score(["%2 di %1"], [row])["placeholders"] == 1


def test_the_memory_finds_what_it_knows_and_fills_its_slots() -> None:
    rows = [
        {"english": "Open %(name)s", "translation": "Apri %(name)s"},
        {"english": "Close all tabs", "translation": "Chiudi tutto"},
    ]
    memory = Memory(rows)
    assert memory.translate(["Open ${file}!", "close the tabs"]) == ["Apri ${file}", "Chiudi tutto"]
    ((place, likeness),) = memory.nearest(["Close all tabs"])
    assert place == 1 and math.isclose(likeness, 1, rel_tol=1e-6)
    with pytest.raises(KitError, match="no pair"):
        Memory([])


def test_a_child_learns_and_both_bodies_can(archives, tokenizer, source) -> None:
    rows = translation.sample(translation.load("it")["train"], 16, 0)
    coded = translation.encode(rows, tokenizer)
    for model in (
        translation.target(source).model,
        translation.target(source, "lora").model,
        rnn(tokenizer, width=32),
    ):
        before = total_loss(model, coded)[0]
        fit(model, coded, Recipe(steps=30, rate=3e-3, batch_size=8))
        assert total_loss(model, coded)[0] < 0.9 * before


def test_a_child_begins_as_its_parent_or_as_nobody(source) -> None:
    table = source.head.decoder.embedding.weight
    full, scratch = (translation.target(source, name) for name in ("full", "from_scratch"))
    assert torch.equal(full.model.head.decoder.embedding.weight, table)
    assert full.totals["fresh"] == 0 and scratch.totals["moved"] == 0
    assert full.totals["parameters"] == scratch.totals["parameters"]
    encoder = translation.target(source, head=True)
    assert not torch.equal(encoder.model.head.decoder.embedding.weight, table)
    assert torch.equal(encoder.model.body.embedding.weight, source.body.embedding.weight)


@pytest.mark.parametrize("text", ["word " * 10_000, "🙂🙃", "שלום עולם", "\x00\x01", "\ue000"])
def test_any_text_gets_an_answer(text: str, model, tokenizer) -> None:
    [answer] = translation.predict(model, tokenizer, text, "it")
    assert isinstance(answer, str) and "\ue000" not in answer


@pytest.mark.parametrize("text", ["", "  ", b"bytes", None, [], ["ok", ""]])
def test_what_is_no_text_is_refused(text, model, tokenizer) -> None:
    with pytest.raises(KitError):
        translation.predict(model, tokenizer, text, "it")


def test_an_unknown_language_is_refused(model, tokenizer) -> None:
    for wrong in (translation.load, translation.tag):
        with pytest.raises(KitError, match="klingon"):
            wrong("klingon")


def test_beams_are_at_least_as_likely(archives, model, tokenizer) -> None:
    texts = translation.load("it")["validation"]["english"][:6]
    greedy, beams = (translation.predict(model, tokenizer, texts, "es", beams=n) for n in (1, 4))
    assert len(greedy) == len(beams) == 6 and all(beams)


@pytest.mark.parametrize("make", [rnn, transformer])
@pytest.mark.parametrize("beams", [1, 3])
def test_an_ensemble_of_equal_members_writes_as_one(make, beams: int, tokenizer) -> None:
    torch.manual_seed(1)
    member = make(tokenizer, width=32)
    texts = ["Close all tabs", "Open", "%(count)s files were saved"]
    alone = translation.predict(member, tokenizer, texts, "it", beams=beams)
    for members in ([member], [member] * 3):
        several = ensemble(members)
        assert translation.predict(several, tokenizer, texts, "it", beams=beams) == alone


def test_an_ensemble_means_log_probabilities(tokenizer) -> None:
    torch.manual_seed(2)
    members = [rnn(tokenizer, width=32).eval(), transformer(tokenizer, width=24).eval()]
    ids, mask = torch.tensor([[1, 50, 60, 2]]), torch.ones(1, 4, dtype=torch.bool)
    target = torch.tensor([[1, 70, 80]])
    with torch.no_grad():
        mean = sum(m(ids, mask, target).log_softmax(-1) for m in members) / 2
        hidden = (several := ensemble(members)).body(ids, mask)
        states = several.head.decoder(target, None, several.head.bridge(hidden), mask)
        assert torch.allclose(several.head.output(states, None), mean, atol=1e-5)


@pytest.mark.parametrize("case", ["none", "no decoder", "vocabularies"])
def test_what_is_no_ensemble_is_refused(case: str, tokenizer) -> None:
    members = {
        "none": [],
        "no decoder": [torch.nn.ModuleDict({"body": torch.nn.Identity(), "head": torch.nn.ReLU()})],
        "vocabularies": [rnn(tokenizer, width=8), rnn(translation.pieces(600), width=8)],
    }[case]
    with pytest.raises(KitError):
        ensemble(members)


def test_a_nearest_neighbour_alone_repeats_a_known_pair(archives, tokenizer) -> None:
    torch.manual_seed(3)
    model = rnn(tokenizer, width=32)
    pairs = translation.sample(translation.load("it")["train"], 20, 0)
    known = with_neighbours(
        model, translation.encode(pairs, tokenizer), k=1, temperature=0.1, share=1
    )
    texts = pairs["english"][:]
    assert translation.predict(known, tokenizer, texts, "it") == pairs["translation"][:]
    nothing = with_neighbours(model, translation.encode(pairs, tokenizer), share=0)
    alone = translation.predict(model, tokenizer, texts, "it", beams=2)
    assert translation.predict(nothing, tokenizer, texts, "it", beams=2) == alone
    with pytest.raises(KitError, match="no pairs"):
        with_neighbours(model, [])
    known_pairs = translation.encode(pairs, tokenizer)
    for wrong in ({"k": 0}, {"temperature": 0}, {"share": 1.5}, {"share": "half"}):
        with pytest.raises(KitError, match="give a"):
            with_neighbours(model, known_pairs, **wrong)


def test_words_of_other_languages_are_counted(archives) -> None:
    rows = [{"english": "Open Jupyter", "translation": "Apri Jupyter", "language": "it"}]
    counted = unknown_words(["abrir Jupyter cartella xqzt"], rows)
    assert counted == {"foreign": 25.0, "invented": 25.0}
    assert unknown_words([""], rows) == {"foreign": 0.0, "invented": 0.0}


def test_words_to_edit_are_counted() -> None:
    assert edits("Apri il file", "Apri il file") == 0
    assert edits("Apri un file", "Apri il file") == pytest.approx(100 / 3)


def test_the_alignment_is_a_distribution(model, tokenizer) -> None:
    _, shown = align(model, tokenizer, "Failed to open %1", "es")
    assert shown.weights.shape == (len(shown.written), len(shown.read))
    assert torch.allclose(torch.tensor(shown.weights).sum(1), torch.ones(len(shown.written)))
    assert "%1" in shown.read and shown.written[-1] == "‹end›" and shown.read[-1] == "‹end›"
    html = page(shown)
    assert html.count("<td") == shown.weights.size and ":has(" in html
    assert "<script" not in page(align(model, tokenizer, "<script>x</script>", "es")[1])


def test_a_parent_reads_only_its_own_languages(tokenizer) -> None:
    coded = examples(tokenizer, ["es"])
    tag = tokenizer.encode(translation.tag("es"), special=False)[0]
    assert all(example["ids"][1] == tag for example in coded)
    recipe = Recipe(steps=2, rate=3e-3, batch_size=8)
    made = train_parent("small", tokenizer, ["es"], partial(rnn, width=16), recipe)
    assert made.card["languages"] == ["es"] and made.card["updates"] == 2
    assert 0 <= made.card["scores"]["es"]["chrf"] <= 100 and "GPL" in made.card["licence"]


def test_whoever_is_asked_answers_and_shows_where_it_looked(model, tokenizer) -> None:
    memory = Memory([{"english": "Open %1", "translation": "Apri %1"}])
    talk = Translate(tokenizer, {"child": (model, "it"), "memory": (memory, "it")})
    talk.ask("Open %2")
    assert "Apri <mark>%2</mark>" in talk.translations.value and "%2" in talk.grid.value
    talk.ask("")
    assert "empty" in talk.translations.value and "empty" in talk.grid.value
    talk.entry.value = talk.entry.options[1][1]
    assert talk.text.value == talk.entry.value and "<td" in talk.grid.value


def test_two_children_race_and_can_be_stopped(source, monkeypatch) -> None:
    short = replace(translation.recipe(40), steps=12)  # live a third of them
    monkeypatch.setattr(translation, "recipe", lambda *_, **__: short)
    monkeypatch.setattr(translation, "LIMIT", 12)  # what is fresh does not know when to stop
    race = TranslationRace(source, {"rows": []}, "it", pairs=40)
    race.train().wait()
    assert set(race.scene.bleu) == {"full", "from_scratch", "memory"}, race.status.value
    assert [len(run.steps) for run in race.scene.runs.values()] == [4, 4]
    assert "One seed" in race.status.value and not race.job.button.disabled and race.seed == 1


def test_html_is_escaped_and_placeholders_marked() -> None:
    html = translation.show("<b> %1 & %(x)s", "%1")
    assert "&lt;b&gt; <mark>%1</mark> &amp; <mark>%(x)s</mark>" in html


def test_recorded_children_are_drawn_and_compared_seed_by_seed() -> None:
    about = {"part": "budgets", "source": "translator", "language": "it", "pairs": 300}
    rows = [
        about | {"strategy": strategy, "seed": seed, "bleu": bleu + seed, "chrf": 2 * bleu}
        for strategy, bleu in {"full": 20.0, "from_scratch": 10.0}.items()
        for seed in range(3)
    ]
    one, other = (("budgets", "translator", "it", 300, name) for name in ("full", "from_scratch"))
    assert translation_results.gains(rows, one, other) == (
        10,
        0,
    )  # the seeds' own differences cancel
    assert translation_results.summary(rows)[one][0] == 21
    lines = [line for line in translation_curves_figure.curves(rows, "chrf").data if line.x]
    assert [(line.x[0], line.y[0]) for line in lines] == [(300, 40), (300, 20)]
    small = [row | {"part": "kin", "source": "far"} for row in rows]
    assert [list(dots.y) for dots in translation_curves_figure.kin([*rows, *small]).data] == [
        [],
        [],
        [21],
    ]


def test_a_measured_child_is_described() -> None:
    fields = translation_experiment.describe({"source": "translator", "language": "it"})
    assert fields["signature"] == translation.signature("it")
    assert set(fields["parents"]["translator"]) == set(translation.PARENTS)
