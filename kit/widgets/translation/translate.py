"""Translate a menu entry with several models, and show the attention of one of them."""

from collections.abc import Callable

from kit.errors import KitError
from kit.html import FONT, GREY, INK, escape, note
from kit.tasks import translation
from kit.tasks.translation.alignment import align
from kit.widgets.base.static import Widget
from kit.widgets.base.thinking import thinking
from kit.widgets.translation.translate_figure import page

__all__ = ["Translate", "Voice", "answers"]

Voice = tuple[object, str]
"""A model (or a `Memory`), and the code of the target language."""

ENTRIES = (
    "Close All Tabs",
    "Save Notebook As…",
    "Restart Kernel and Run All Cells…",
    "New Console for Notebook",
    "Show Line Numbers",
    "Failed to open %1: file not found",
    "Delete the folder ${title}?",
)
"""Examples from the menus of JupyterLab, or like them; two have a placeholder."""


def answers(translations: dict[str, tuple[str, str]]) -> str:
    """An HTML table with a row for each model: name, translation, language."""
    rows = "".join(
        f'<tr><th style="text-align:left;padding:.25em 1em .25em 0;color:{GREY}">{escape(name)}'
        f'</th><td style="padding:.25em 0;text-align:left">{translation.marked(text)}</td>'
        f'<td style="padding-left:1em;color:{GREY}">{escape(language)}</td></tr>'
        for name, (text, language) in translations.items()
    )
    return f'<table style="font:19px {FONT};color:{INK};background:white">{rows}</table>'


class Translate(Widget):
    """The widget: a text, the translation by each model, and the alignment of a chosen model."""

    def __init__(self, tokenizer, translators: dict[str, Voice], text: str = ENTRIES[0]) -> None:
        """translators: name -> (model or memory, language)."""
        import ipywidgets as w

        self.tokenizer, self.translators = tokenizer, translators
        wide = {"style": {"description_width": "150px"}, "layout": {"width": "700px"}}
        self.text = w.Text(
            value=text, description="your menu entry", continuous_update=False, **wide
        )
        self.entry = w.Dropdown(
            options=[("choose one …", ""), *((e, e) for e in ENTRIES)], description="or", **wide
        )
        looking = [name for name, (who, _) in translators.items() if hasattr(who, "body")]
        self.who = w.ToggleButtons(
            options=looking,
            value=looking[0],
            description="who looks where",
            style={"description_width": "150px", "button_width": "190px"},
        )
        self.status = w.HTML()
        self.translations = w.HTML()
        self.grid = w.HTML()
        self.text.observe(lambda _: self.ask(), "value")
        self.entry.observe(lambda change: change["new"] and self.ask(change["new"]), "value")
        self.who.observe(lambda _: self.look(), "value")
        self.view = w.VBox(
            [self.text, self.entry, self.status, self.translations, self.who, self.grid]
        )
        self.ask()

    def ask(self, text: str | None = None) -> "Translate":
        """Translate the text in the box, or `text`, with every model."""
        if text is not None and text != self.text.value:
            self.text.value = text  # its observer asks
            return self
        self._guarded(self.translations, self._translate)
        return self.look()

    def look(self) -> "Translate":
        """Draw the alignment of the chosen model."""
        self._guarded(self.grid, self._align)
        return self

    def _translate(self) -> str:
        translations = {}
        for name, (model, language) in self.translators.items():
            if hasattr(model, "body"):
                [text] = translation.predict(model, self.tokenizer, self.text.value, language)
                translations[name] = text, translation.LANGUAGES[language]
            else:
                [text] = model.translate([self.text.value])
                origin = self._origin(model)
                translations[name] = text, translation.LANGUAGES[language] + origin
        return answers(translations)

    def _origin(self, memory) -> str:
        """The message whose translation a translation memory gives."""
        [(place, likeness)] = memory.nearest([self.text.value])
        return f", of “{memory.english[place]}” ({likeness:.2f} alike)"

    def _align(self) -> str:
        who, language = self.translators[self.who.value]
        return page(align(who, self.tokenizer, self.text.value, language)[1])

    def _guarded(self, place, make: Callable[[], str]) -> None:
        try:
            with thinking(self.status):
                place.value = make()
        except KitError as error:
            place.value = note(str(error), "error")
