"""Words and sentences of the counterfactual templates: our own, and the census's first names."""

from kit.data.first_names import GROUPS, first_names

__all__ = ["CALENDAR", "NAME_TEMPLATES", "NATIONALITIES", "WORD_TEMPLATES", "names"]

NATIONALITIES = (
    "American", "Bangladeshi", "Brazilian", "British", "Burmese", "Chinese", "Colombian",
    "Congolese", "Egyptian", "Ethiopian", "Filipino", "French", "German", "Indian", "Indonesian",
    "Iranian", "Italian", "Japanese", "Kenyan", "Korean", "Mexican", "Nigerian", "Pakistani",
    "Russian", "Spanish", "Tanzanian", "Thai", "Turkish", "Ugandan", "Vietnamese",
)  # fmt: skip
"""Thirty of the countries with the most people, as adjectives of one word."""

CALENDAR = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "January",
    "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
    "ninth", "tenth", "eleventh", "twelfth",
)  # fmt: skip
"""The control: as many words that fit the same sentences and belong to no group of people."""

WORD_TEMPLATES = (
    "The {word} film begins at eight.",
    "We saw the {word} film at the cinema.",
    "It is two hours long, the {word} film.",
    "They showed the {word} film again in the evening.",
    "My brother and I talked about the {word} film.",
    "The {word} film has subtitles.",
)
"""Neutral sentences for an adjective: nationalities and the calendar."""

NAME_TEMPLATES = (
    "{name} plays the main part.",
    "{name} wrote the script of the film.",
    "The film was directed by {name}.",
    "We saw the film with {name} at the cinema.",
    "{name} and I talked about the film.",
    "The camera follows {name} through the city.",
)
"""Neutral sentences for a first name."""


def names(count: int = 30) -> dict[str, tuple[str, ...]]:
    """Group -> its most common first names of the US Census 1990, ambiguous ones left out.

    Two groups are all that the census has; people are more than that, and a name stands for more
    than gender: also for age, for class and for where a family comes from.
    """
    return {group: first_names(group, count) for group in GROUPS}
