"""Questions for a chat model, written for the kit: open ones to train with, and ones of facts.

A fact has the words of which an answer must contain one to count as right. The words say whether
the right thing is named, not whether all of the answer is true.
"""

import re
from collections.abc import Sequence

__all__ = ["OPEN", "TEST", "VALIDATION", "names_it", "sentences", "shorter_pairs"]

OPEN = (
    "Why do we sleep?",
    "How does a bicycle stay upright?",
    "Why is the sky blue?",
    "What makes a good teacher?",
    "How do I learn a new language?",
    "Why do people keep pets?",
    "How is paper made?",
    "What is a library for?",
    "Why do leaves fall in autumn?",
    "How does a fridge work?",
    "Why should I save money?",
    "How do birds find their way?",
    "What is a computer program?",
    "Why do we have laws?",
    "How do I become a better cook?",
    "What happens when it rains?",
    "Why do we celebrate birthdays?",
    "How can I remember names?",
    "What is music good for?",
    "Why do cats purr?",
    "How do I write a letter?",
    "What does a doctor do?",
    "Why is exercise healthy?",
    "How do airplanes fly?",
    "What is a friend?",
    "Why do we have seasons?",
    "How do I plant a tree?",
    "What is the internet?",
    "Why do we dream?",
    "How do fish breathe?",
    "What is a museum?",
    "Why do we cook food?",
    "How can I sleep better?",
    "What is a river?",
    "Why do we go to school?",
    "How do magnets work?",
    "What is a novel?",
    "Why do volcanoes erupt?",
    "How do I make tea?",
    "What does an engineer do?",
)

VALIDATION = (
    ("What is the capital of Germany?", ("Berlin",)),
    ("What is the capital of Japan?", ("Tokyo",)),
    ("What is the capital of Greece?", ("Athens",)),
    ("Which planet is called the red planet?", ("Mars",)),
    ("Which planet is famous for its rings?", ("Saturn",)),
    ("Who wrote the Odyssey?", ("Homer",)),
    ("Who painted The Starry Night?", ("Gogh",)),
    ("How many legs does an insect have?", ("six", "6")),
    ("How many hours are in a day?", ("24", "twenty-four")),
    ("What do cows give us to drink?", ("milk",)),
    ("Which gas makes balloons float?", ("helium",)),
    ("Which land animal is the fastest?", ("cheetah", "cheetahs")),
    ("What is a young sheep called?", ("lamb",)),
    ("Which organs do we breathe with?", ("lung", "lungs")),
    ("Who discovered penicillin?", ("Fleming",)),
    ("Which language is spoken in Mexico?", ("Spanish",)),
    ("In which city is the Colosseum?", ("Rome",)),
    ("On which continent is India?", ("Asia",)),
    ("What is the currency of the United States?", ("dollar", "dollars", "USD")),
    ("Which river flows through Egypt?", ("Nile",)),
    ("What color do you get when you mix red and yellow?", ("orange",)),
    ("How many sides does a square have?", ("four", "4")),
    ("What is the opposite of up?", ("down",)),
    ("What do silkworms make?", ("silk",)),
)

TEST = (
    ("What is the capital of Italy?", ("Rome",)),
    ("What is the capital of Egypt?", ("Cairo",)),
    ("Which planet is the largest in our solar system?", ("Jupiter",)),
    ("Who wrote Romeo and Juliet?", ("Shakespeare",)),
    ("Who painted the Mona Lisa?", ("Leonardo", "Vinci")),
    ("How many legs does a spider have?", ("eight", "8")),
    ("What do bees make?", ("honey",)),
    ("Which gas do plants take in from the air?", ("carbon dioxide", "CO2")),
    ("Which gas do we need to breathe?", ("oxygen",)),
    ("At what temperature does water freeze?", ("0", "zero", "32")),
    ("At what temperature does water boil?", ("100", "212")),
    ("Which ocean is the largest?", ("Pacific",)),
    ("Which animal is the tallest?", ("giraffe", "giraffes")),
    ("Which animal is the largest on Earth?", ("whale", "whales")),
    ("Which metal is liquid at room temperature?", ("mercury",)),
    ("Who discovered gravity?", ("Newton",)),
    ("Who developed the theory of relativity?", ("Einstein",)),
    ("What is the chemical formula of water?", ("H2O", "H₂O")),
    ("Which language is spoken in Brazil?", ("Portuguese",)),
    ("In which city is the Eiffel Tower?", ("Paris",)),
    ("How many continents are there?", ("seven", "7")),
    ("What do caterpillars turn into?", ("butterfly", "butterflies")),
    ("What is a young cat called?", ("kitten", "kittens")),
    ("Which organ pumps blood through the body?", ("heart",)),
    ("What is the hardest natural material?", ("diamond", "diamonds")),
    ("Who was the first person on the Moon?", ("Armstrong",)),
    ("Which country has the Great Wall?", ("China",)),
    ("What is the currency of the United Kingdom?", ("pound", "pounds", "GBP")),
    ("Which river flows through London?", ("Thames",)),
    ("Which mountain is the highest in the world?", ("Everest",)),
    ("What color do you get when you mix blue and yellow?", ("green",)),
    ("How many sides does a triangle have?", ("three", "3")),
    ("Which insect spreads malaria?", ("mosquito", "mosquitoes", "mosquitos")),
    ("What do we call frozen water?", ("ice",)),
    ("Which season comes after winter?", ("spring",)),
    ("Who invented the telephone?", ("Bell",)),
    ("Who wrote Pride and Prejudice?", ("Austen",)),
    ("Which sport is played at Wimbledon?", ("tennis",)),
    ("Which bird lives in Antarctica and cannot fly?", ("penguin", "penguins")),
    ("Which desert is the largest in the world?", ("Sahara", "Antarctic", "Antarctica")),
)


def names_it(answer: str, words: tuple[str, ...]) -> bool:
    """Whether an answer contains one of the words, whole, in any case; "7" is no part of 7,000."""
    return any(
        re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(word)}(?!\w|[.,]\d)", answer, re.IGNORECASE)
        for word in words
    )


SENTENCE = re.compile(r"(?<=[a-z)”\"][.!?])\s+")
"""Between two sentences: after no number of a list, and after no initial."""


def sentences(text: str) -> list[str]:
    """The sentences of an answer, without a last one that was cut."""
    parts = SENTENCE.split(text.strip())
    return [part for part in parts if part[-1:] in ".!?"]


def shorter_pairs(prompts: Sequence[str], answers: Sequence[str]) -> list[dict]:
    """Pairs in which an answer's first sentence is preferred to all of its sentences, of the
    answers that have two or more: rows with "prompt", "chosen" and "rejected"."""
    rows = []
    for prompt, answer in zip(prompts, answers, strict=True):
        parts = sentences(answer)
        if len(parts) > 1:
            rows.append({"prompt": prompt, "chosen": parts[0], "rejected": " ".join(parts)})
    return rows
