"""docs/FAULTS.md: the faults that the tests try, counted from the tests themselves.

python tests/faults.py            # write the table
python tests/faults.py --check    # say whether it is as this command writes it

Each of these tests fails where a single try is not survived, except for the wrong calls of `RAW` in
tests/test_tired_student.py. The page's second table is written by python -m kit.results.
"""

import math
import re
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests import from `tests` too

import test_faults
import test_html
import test_interrupts
import test_memory
import test_sizes
import test_tired_student

PAGE = Path(__file__).parent.parent / "docs" / "FAULTS.md"
BEGIN, END = "<!-- begin faults -->", "<!-- end faults -->"


def cases(*tests: Callable) -> int:
    """How many cases the parametrized tests have."""
    marks = [getattr(test, "pytestmark", []) for test in tests]
    return sum(math.prod(len(m.args[1]) for m in ms if m.name == "parametrize") for ms in marks)


def rows() -> list[tuple[str, int, int, str, str]]:
    """Fault, tries, survived, what holds afterwards, the name of the test's file."""
    faults, sizes, wrong = test_faults, test_sizes, test_tired_student
    claims = [test for name, test in vars(sizes).items() if name.startswith("test_")]
    said = "one message with a remedy, and nothing is left on the disk"
    counted = [
        ("Ctrl-C in `fit`, `predict`, `from_words`, a race, a load", test_interrupts.WARM,
         "the same cell run again gives the uninterrupted result, to the bit", test_interrupts),
        ("Ctrl-C again and again from the first import of a process on", test_interrupts.FRESH,
         "the same, though libraries were being imported", test_interrupts),
        ("a damaged file in the cache: cut, a byte changed, garbage, other JSON",
         2 * faults.DAMAGED, "it is made again, and one line says so", faults),
        ("SIGKILL while checkpoints and cached values are written", faults.KILLS,
         "the checkpoint there is whole; what was left is swept", faults),
        ("a full disk in `checkpoint.save`", len(faults.LEAVE),
         "one message with a remedy; the earlier checkpoint is whole", faults),
        ("a full disk in `fit(folder=...)`", faults.STEPS,
         "training goes on to the same bits, and a line says that it cannot save", faults),
        ("a full disk in what else writes a file", 2 * len(faults.WRITERS), said, faults),
        ("sizes that no file has, deep JSON, numbers of thousands of digits", cases(*claims),
         "one message at once, before a tensor is made", sizes),
        ("a load, a training, a generation for which there is no memory",
         2 * len(test_memory.SAYS), "one message: what it needs, what there is, what to choose "
         "instead; the process goes on", test_memory),
        ("a script in a name or a text that a student gives",
         cases(test_html.test_what_a_student_names_is_no_markup), "it is shown as text", test_html),
    ]  # fmt: skip
    table = [(what, tries, tries, holds, module.__name__) for what, tries, holds, module in counted]
    calls = len(wrong.WRONG)
    table.append(
        ("a wrong call: swapped arguments, a text for a list, a DataFrame", calls,
         calls - len(wrong.RAW), "one message with the call as it should be", wrong.__name__)
    )  # fmt: skip
    return table


def page() -> str:
    """The page with its first table drawn again."""
    lines = ["| fault | tries | survived | what holds afterwards | test |"]
    lines.append("| --- | ---: | ---: | --- | --- |")
    for what, tries, survived, holds, module in rows():
        name = module.rpartition(".")[2]
        lines.append(f"| {what} | {tries} | {survived} | {holds} | tests/{name}.py |")
    text = PAGE.read_text(encoding="utf-8")
    block = "\n".join([BEGIN, *lines, END])
    text, places = re.subn(f"{BEGIN}.*?{END}", lambda _: block, text, flags=re.DOTALL)
    if places != 1:
        sys.exit(f"{PAGE.name} must have {BEGIN} and {END} once")
    return text


def main(given: str = "") -> None:
    text = page()
    if given == "--check":
        same = PAGE.read_text(encoding="utf-8") == text
        sys.exit(0 if same else "docs/FAULTS.md: run python tests/faults.py")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
