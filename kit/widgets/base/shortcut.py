"""A key that presses a widget's button, for who stands in front of a class."""

from collections.abc import Callable

__all__ = ["shortcut"]

# The key counts for what is on screen; alone it would be one of Jupyter's own commands.
LISTEN = """
export default { render({ model, el }) {
    const listen = event => {
        if (!event.altKey || event.code !== "CODE" || event.repeat) return;
        const place = el.getBoundingClientRect();
        const shown = el.isConnected && place.bottom >= 0 && place.top <= window.innerHeight;
        if (!shown || el.offsetParent === null) return;
        event.preventDefault();
        event.stopPropagation();
        model.send("pressed");
    };
    document.addEventListener("keydown", listen, true);
    return () => document.removeEventListener("keydown", listen, true);
} };
"""


def shortcut(letter: str, press: Callable[[], object]):
    """An invisible widget: Alt and this letter call `press()` while it is on the screen."""
    import anywidget

    class Shortcut(anywidget.AnyWidget):
        _esm = LISTEN.replace("CODE", f"Key{letter.upper()}")

    made = Shortcut(layout={"width": "1px", "height": "1px"})
    made.on_msg(lambda *_: press())
    return made
