"""What many tests share: the lessons' data, put in place once."""

import gc

import pytest


@pytest.fixture(scope="session", autouse=True)
def imported() -> None:
    """What the imports made stays to the end, so that `fit` need not look through it for cycles
    that nothing refers to: 0.25 s each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def data() -> None:
    """The lessons' archives in the cache; with them there, nothing asks the network."""
    from kit.data.__main__ import LESSONS
    from kit.data.archives import fetch

    for name in LESSONS:
        fetch(name)


@pytest.fixture(scope="session")
def archives(data) -> None:
    """Every archive with text in it (59 MiB): only so is it known what the tasks hold out."""
    from kit.data.archives import fetch
    from kit.data.catalog import TEXTS

    for name in TEXTS:
        fetch(name)


@pytest.fixture(scope="session")
def fetched():
    """A function that puts one more archive in place; without a network the test is skipped."""
    from kit.data.archives import fetch
    from kit.errors import KitError

    def place(name: str) -> None:
        try:
            fetch(name)
        except KitError as error:
            if "cannot be reached" not in str(error) and "pip found no" not in str(error):
                raise
            pytest.skip(f"the archive {name!r} is not in the cache, and there is no network")

    return place


@pytest.fixture(scope="session")
def films(data):
    """Film sentences with a class, as train, validation and test."""
    from kit.tasks.sentiment import load

    return load("films")
