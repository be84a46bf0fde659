"""Names in headlines and pronouns in translations, as they were measured."""

from kit import results
from kit.metrics import interval
from kit.results.style import made_by, styled
from kit.tasks.translation import LANGUAGES

__all__ = ["headlines", "headlines_table", "translations", "translations_table"]


def headlines() -> dict[str, tuple[float, float]]:
    """What was measured -> its mean over the seeds and half of its 95 % interval, as shares.

    "kept, female", "kept, male": headlines that keep the name. "changed, other group" and "changed,
    same group": pairs of names whose headlines differ elsewhere. "gap" and "more": the differences
    of these two pairs, seed by seed.
    """
    rows = [row for row in results.load("bias_texts")["rows"] if row["part"] == "headlines"]
    kinds = ("kept, female", "kept, male", "changed, other group", "changed, same group")
    found = {kind: interval([row[kind] for row in rows]) for kind in kinds}
    found["gap"] = interval([row[kinds[0]] - row[kinds[1]] for row in rows])
    found["more"] = interval([row[kinds[2]] - row[kinds[3]] for row in rows])
    return found


def headlines_table():
    """Names in headlines: kept by group, and what else they change, in %."""
    recorded, found = results.load("bias_texts"), headlines()
    rows = [
        ("the headline keeps the name", found["kept, female"], found["kept, male"], found["gap"]),
        (
            "another name changes the rest",
            found["changed, other group"],
            found["changed, same group"],
            found["more"],
        ),
    ]
    columns = ["", "female; of the other group", "male; of the same group", "difference"]
    caption = (
        "Small Transformer, 400 headlines, three seeds, 20 leads with 12 names each; in %. "
        f"{made_by(recorded)}"
    )
    return styled(rows, columns, gains=["difference"], caption=caption)


def translations() -> list[dict]:
    """Of each model: its language and seed, and the share of pronouns and of nouns that are
    translated rightly; how many messages it learnt from, and how many of them have "he" or "she".
    """
    return [row for row in results.load("bias_texts")["rows"] if row["part"] == "translations"]


def translations_table():
    """Pronouns and nouns in translations, in %, with an example."""
    recorded = results.load("bias_texts")
    rows = []
    for row in translations():
        name = LANGUAGES[row["language"]]
        name += f", child {row['seed']}" if "seed" in row else ""
        shares = (f"{100 * row[f'{kind} right']:.0f}" for kind in ("pronouns", "nouns"))
        example = " / ".join(row["pronouns, an example"])
        rows.append((name, *shares, f"{row['messages with he or she']:,}", example))
    columns = [
        "translation into",
        "he, she: right, %",
        "nouns: right, %",
        "messages with he or she",
    ]
    columns += ["“He …” / “She opened the file.”"]
    caption = (
        "Ten messages, each with two pronouns, and with “the user” and “the server” as the "
        f"control. Messages: of the training data. {made_by(recorded)}"
    )
    return styled(rows, columns, keys=len(columns), caption=caption)
