"""Word vectors: tables as sources, from their archives to a target that learns."""

import pytest
import torch

from kit import sources
from kit.errors import KitError
from kit.experiment import prepare
from kit.guards import a_writer
from kit.migrate import decoder_like, migrate
from kit.models import RNN, ClassHead, LanguageHead, Model, RNNConfig, WordVectors, pool
from kit.models import WordVectorsConfig as Config
from kit.sources import checkpoint
from kit.sources.word_vectors import SYMBOLS, murmur_hash, unknown_words
from kit.tasks import entities, sentiment

TEXT = "I don't think The film’s well-known star can't act: 3.5 of 1,000 zyxqv..."


@pytest.fixture(scope="module")
def glove(fetched) -> sources.Source:
    """The 30,000 most frequent words."""
    fetched("glove")
    return sources.glove(words=30_000)


@pytest.fixture(scope="module")
def spacy_vectors(fetched) -> sources.Source:
    fetched("spacy_vectors")
    return sources.load("spacy_vectors")


@torch.no_grad()
def vector(source: sources.Source, text: str) -> torch.Tensor:
    """The mean of a text's vectors."""
    ids = torch.tensor([source.tokenizer.encode(text)])
    return pool(source.body(ids), torch.ones_like(ids).bool())[0]


def cosine(source: sources.Source, *words: str) -> float:
    return float(torch.cosine_similarity(*(vector(source, word) for word in words), 0))


def test_glove_knows_its_neighbours(glove) -> None:
    assert (glove.body.width, glove.tokenizer.size) == (50, 30_001)
    # The file's first row is that of "the".
    assert vector(glove, "The").tolist()[:2] == pytest.approx([0.418, 0.24968])
    assert cosine(glove, "dog", "cat") == pytest.approx(0.9218, abs=1e-4)
    analogy = sum(
        sign * vector(glove, word) for sign, word in ((1, "king"), (-1, "man"), (1, "woman"))
    )
    table = torch.nn.functional.normalize(glove.body.embedding.weight, dim=-1)
    nearest = (table @ analogy).topk(2).indices.tolist()
    assert sorted(glove.tokenizer.decode(nearest).split()) == ["king", "queen"]
    for wrong in (0, 400_001, 1.5, True):
        with pytest.raises(KitError, match=r"words=.*from 1 to 400,000"):
            sources.glove(words=wrong)


def test_spacys_words_have_the_rows_that_spacy_gives_them(spacy_vectors) -> None:
    assert (spacy_vectors.body.width, spacy_vectors.body.config.rows) == (300, 20_001)
    assert spacy_vectors.tokenizer.size == spacy_vectors.body.config.vocabulary > 500_000
    # Read by spaCy 3.8.18 from the same archive: vocab.vectors.key2row, and cosines.
    assert len(SYMBOLS) == 78
    rows = {"the": 15139, "Film": 15229, "good": 9447, "mark": 10740, "X": 5128, "n't": 9449}
    [ids] = spacy_vectors.tokenizer.encode_many([" ".join(rows)])
    assert spacy_vectors.body.row_of[ids].tolist() == list(rows.values())
    assert cosine(spacy_vectors, "king", "queen") == pytest.approx(0.3825, abs=1e-4)
    assert cosine(spacy_vectors, "terrific", "horrible") == pytest.approx(0.4502, abs=1e-4)
    assert cosine(spacy_vectors, "good", "bad") == pytest.approx(1, abs=1e-5)  # the price
    fresh = migrate(spacy_vectors, lambda width: ClassHead(width, 2), "from_scratch").model.body
    assert torch.equal(fresh.row_of, spacy_vectors.body.row_of)
    assert not torch.equal(fresh.embedding.weight, spacy_vectors.body.embedding.weight)


def test_a_text_is_split_as_the_tables_were_made(glove, spacy_vectors) -> None:
    lower = "i do n't think the film 's well - known star ca n't act : 3.5 of 1,000 <unk> ..."
    assert glove.tokenizer.pieces(TEXT) == lower.split()
    upper = lower.replace("i do", "I do").replace("the film", "The film").split()
    assert spacy_vectors.tokenizer.pieces(TEXT)[:10] == upper[:10]


def test_unknown_words_are_counted_and_have_the_vector_zero(glove, films) -> None:
    found = unknown_words(glove.tokenizer, [TEXT, "Zyxqv and ümläut-zyxqv"])
    assert found.unknown == {"zyxqv": 2, "Zyxqv": 1, "ümläut": 1}
    assert found.words == 20 + 5 and found.share == 4 / 25
    assert "4 of 25 words are unknown (16.0%): zyxqv (2), Zyxqv (1)" in repr(found)
    assert not vector(glove, "zyxqv").any() and vector(glove, "film").any()
    assert unknown_words(glove.tokenizer, films["test"]["text"][:]).share < 0.06
    assert unknown_words(glove.tokenizer, []).share == 0
    with pytest.raises(KitError, match="has no piece for unknown words"):
        unknown_words(sources.load("rnn_encoder").tokenizer, ["a"])


def test_the_hash_is_murmurs() -> None:
    # "coffee" stands in spaCy's documentation of StringStore.
    expected = [3197928453018144401, 5711639017775284443]
    assert murmur_hash(["coffee", "good"]).tolist() == expected
    mixed = ["a", "coffee", "twelve bytes", "exactly8", "é", "", "sixteen bytes .."]
    alone = [murmur_hash([word])[0] for word in mixed]
    assert murmur_hash(mixed).tolist() == alone and len(set(alone)) == len(mixed)


def test_a_head_on_the_mean_learns_films_and_the_table_too(glove, films) -> None:
    rows = sentiment.sample(films["train"], 400, seed=0)
    frozen = prepare(glove, "frozen", sentiment, rows)
    frozen.fit()
    assert frozen.score(films["test"])["accuracy"] > 0.6
    assert torch.equal(frozen.model.body.embedding.weight, glove.body.embedding.weight)
    full = prepare(glove, "full", sentiment, rows.select(range(50)), rate=0.01)
    losses = [step["loss"] for step in full.fit().steps]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    assert not torch.equal(full.model.body.embedding.weight, glove.body.embedding.weight)


@pytest.mark.parametrize("name", ["glove", "spacy_vectors"])
def test_entities_are_learned_on_a_table(name: str, request) -> None:
    """A word alone: it was a KeyError, since no learning rate was known for a table."""
    source = request.getfixturevalue(name)
    data = entities.load()
    tagger = prepare(source, "full", entities, entities.sample(data["train"], 100, seed=0))
    losses = [step["loss"] for step in tagger.fit().steps]
    assert sum(losses[-5:]) < 0.2 * sum(losses[:5])
    assert tagger.score(data["validation"].select(range(200)))["f1"] > 0.1


def test_vectors_go_into_a_body_of_your_own(glove) -> None:
    config = RNNConfig(vocabulary=glove.tokenizer.size, width=50, layers=1, bidirectional=True)
    made = migrate(
        glove, lambda width: ClassHead(width, 2), "into", target=RNN(config), fresh=("layers",)
    )
    assert torch.equal(made.model.body.embedding.weight, glove.body.embedding.weight)
    assert {o.done for o in made.origins if "layers" in o.name} == {"fresh"}


def test_a_checkpoint_holds_the_table_the_words_and_which_share(glove, tmp_path) -> None:
    checkpoint.save(glove, tmp_path / "glove")
    again = sources.load(tmp_path / "glove")
    assert torch.equal(vector(again, TEXT), vector(glove, TEXT))
    assert again.tokenizer.pieces(TEXT) == glove.tokenizer.pieces(TEXT)
    assert again.card["licence"] == "PDDL-1.0" and again.card["data"].startswith("6 billion words")
    shared = WordVectors(Config(vocabulary=glove.tokenizer.size, width=2, rows=7))
    shared.share(torch.arange(glove.tokenizer.size) % 7)
    checkpoint.save(sources.Source("shared", shared, glove.tokenizer), tmp_path / "shared")
    again = sources.load(tmp_path / "shared").body
    ids = torch.tensor([[0, 7, 29_999]])
    assert again.row_of.dtype == torch.int32 and torch.equal(again(ids), shared(ids))


def test_what_has_no_meaning_is_refused() -> None:
    config = Config(vocabulary=5, width=2, rows=3)
    table = WordVectors(config)
    ids = torch.tensor([[0, 4]])
    with pytest.raises(KitError, match=r"3 rows for 5 words, and does not know.*share"):
        table(ids)
    for rows in ([0, 1, 2, 3, 0], [0, -1, 2, 0, 0], [0, 1]):
        with pytest.raises(KitError, match="give one of 0 to 2 for each of the 5 words"):
            table.share(torch.tensor(rows))
    table.share(torch.tensor([0, 1, 2, 0, 1]))
    assert torch.equal(table(ids)[0], table.embedding.weight[:2])
    with pytest.raises(KitError, match="token id 5, and the model has 0 to 4"):
        table(ids + 1)
    with pytest.raises(KitError, match=r"rows=6 are more than the 5 words"):
        Config(vocabulary=5, width=2, rows=6)
    with pytest.raises(KitError, match="each word of this table has its own vector"):
        WordVectors(Config(vocabulary=5, width=2)).share(torch.zeros(5).int())
    with pytest.raises(KitError, match="no layers to make a decoder"):
        decoder_like(table)
    with pytest.raises(KitError, match="no matrix with a row for each of its 5 tokens"):
        LanguageHead.tied(table)
    assert "a table of word vectors" in a_writer(Model(table, LanguageHead(2, 5)))
    source = sources.Source("tiny", table, None)
    for strategy, options, says in (
        ("lora", {}, "lora: a table of word vectors has no layer, matrix or bias"),
        ("domain_first", {"adapt": print, "then": "deepen"}, "deepen: a table .* has no layers"),
        ("unfrozen", {"layers": (0,)}, r"layers=\(0,\): a table of word vectors has no layers"),
        ("distil", {}, "half of none is no student"),
    ):
        with pytest.raises(KitError, match=says):
            migrate(source, lambda width: ClassHead(width, 2), strategy, **options)
