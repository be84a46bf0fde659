"""A key that presses a widget's button, for a lecture."""

from collections.abc import Callable

__all__ = ["shortcut"]

# The key counts only while the widget is on the screen. Alt is needed because a letter alone is a
# command of Jupyter.
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

    widget = Shortcut(layout={"width": "1px", "height": "1px"})
    widget.on_msg(lambda *_: press())
    return widget
