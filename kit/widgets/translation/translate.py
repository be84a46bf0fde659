"""Type a menu entry: the parent, the children and the memory translate it, and show where they
looked."""

from collections.abc import Callable
from html import escape

from kit.errors import KitError
from kit.html import FONT, GREY, INK, note
from kit.tasks import translation
from kit.tasks.translation.alignment import align
from kit.widgets.base.static import Widget
from kit.widgets.translation.translate_figure import page

__all__ = ["Translate", "Voice", "answers"]

Voice = tuple[object, str]
"""A model (or a `Memory`), and the code of the language that it shall speak."""

ENTRIES = (
    "Close All Tabs",
    "Save Notebook As…",
    "Restart Kernel and Run All Cells…",
    "New Console for Notebook",
    "Show Line Numbers",
    "Failed to open %1: file not found",
    "Delete the folder ${title}?",
)
"""Of JupyterLab's menus, or like them; two with a placeholder."""


def answers(found: dict[str, tuple[str, str]]) -> str:
    """HTML: one row a voice: its name, its language, what it says (placeholders marked)."""
    rows = "".join(
        f'<tr><th style="text-align:left;padding:.25em 1em .25em 0;color:{GREY}">{escape(name)}'
        f'</th><td style="padding:.25em 0;text-align:left">{translation.marked(text)}</td>'
        f'<td style="padding-left:1em;color:{GREY}">{escape(language)}</td></tr>'
        for name, (text, language) in found.items()
    )
    return f'<table style="font:19px {FONT};color:{INK};background:white">{rows}</table>'


class Translate(Widget):
    """The widget: a text, everybody's translation, and the alignment of whom you choose."""

    def __init__(self, tokenizer, voices: dict[str, Voice], text: str = ENTRIES[0]) -> None:
        """voices: name -> (model or memory, language)."""
        import ipywidgets as w

        self.tokenizer, self.voices = tokenizer, voices
        wide = {"style": {"description_width": "150px"}, "layout": {"width": "700px"}}
        self.text = w.Text(
            value=text, description="your menu entry", continuous_update=False, **wide
        )
        self.entry = w.Dropdown(
            options=[("choose one …", ""), *((e, e) for e in ENTRIES)], description="or", **wide
        )
        looking = [name for name, (who, _) in voices.items() if hasattr(who, "body")]
        self.who = w.ToggleButtons(
            options=looking,
            value=looking[0],
            description="who looks where",
            style={"description_width": "150px", "button_width": "190px"},
        )
        self.said, self.grid = w.HTML(), w.HTML()
        self.text.observe(lambda _: self.ask(), "value")
        self.entry.observe(lambda change: change["new"] and self.ask(change["new"]), "value")
        self.who.observe(lambda _: self.look(), "value")
        self.view = w.VBox([self.text, self.entry, self.said, self.who, self.grid])
        self.ask()

    def ask(self, text: str | None = None) -> "Translate":
        """Let everybody translate: what is typed, or `text`."""
        if text is not None and text != self.text.value:
            self.text.value = text  # which asks again
            return self
        self._guarded(self.said, self._translate)
        return self.look()

    def look(self) -> "Translate":
        """Draw the alignment of whom was chosen."""
        self._guarded(self.grid, self._align)
        return self

    def _translate(self) -> str:
        found = {}
        for name, (who, language) in self.voices.items():
            [text] = self._say(who, language)
            found[name] = text, translation.LANGUAGES[language] + self._found(who)
        return answers(found)

    def _found(self, who) -> str:
        """Of a memory, the message whose translation it gives."""
        if hasattr(who, "body"):
            return ""
        [(place, likeness)] = who.nearest([self.text.value])
        return f", of “{who.english[place]}” ({likeness:.2f} alike)"

    def _say(self, who, language: str) -> list[str]:
        if hasattr(who, "body"):
            return translation.predict(who, self.tokenizer, self.text.value, language)
        return who.translate([self.text.value])

    def _align(self) -> str:
        who, language = self.voices[self.who.value]
        return page(align(who, self.tokenizer, self.text.value, language)[1])

    def _guarded(self, place, make: Callable[[], str]) -> None:
        try:
            place.value = make()
        except KitError as error:
            place.value = note(str(error), "error")
