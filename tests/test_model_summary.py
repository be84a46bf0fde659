"""The summary: its numbers are the model's, and its picture is the model's, in any theme."""

import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import torch
from browser import chromium
from playwright.sync_api import sync_playwright
from test_heads import BODIES, HEADS, RECURRENT, TRANSFORMER, model_of
from torch import nn

from kit.errors import KitError
from kit.models import RNN, LanguageHead, Model, Transformer
from kit.widgets.parameters.model_summary import summary

LLAMA = replace(
    TRANSFORMER, causal=True, norm="rms", norm_first=True, positions="rotary", activation="swiglu",
    heads=4, kv_heads=2, embedding_norm=False, layers=30, vocabulary=128_256,
)  # fmt: skip
SHAPES = {
    "bert": lambda: model_of("bert", "class by mean"),
    "gpt2": lambda: Transformer(replace(TRANSFORMER, causal=True, norm_first=True, layers=12)),
    "llama": lambda: Model(body := Transformer(LLAMA), LanguageHead.tied(body)),
    "lstm": lambda: model_of("lstm", "tied language"),
    "gru": lambda: model_of("bidirectional", "sequence by gru"),
    "transformers": lambda: model_of("bert", "sequence by transformer"),
}
# Words must not touch other words, and be wholly within a box or wholly without.
OVERLAPS = """svg => {
    const place = shape => shape.getBoundingClientRect();
    const apart = (a, b) => a.right <= b.left || b.right <= a.left
        || a.bottom <= b.top + 2 || b.bottom <= a.top + 2;
    const within = (a, b) => a.left >= b.left && a.right <= b.right
        && a.top >= b.top - 2 && a.bottom <= b.bottom + 2;
    const words = [...svg.querySelectorAll('text')], boxes = [...svg.querySelectorAll('rect')];
    return words.flatMap((word, i) => [
        ...words.slice(i + 1).filter(other => !apart(place(word), place(other))),
        ...boxes.filter(b => !apart(place(word), place(b)) && !within(place(word), place(b))),
        ...(within(place(word), place(svg)) ? [] : [svg]),
    ].map(other => word.textContent + ' / ' + (other.textContent || other.outerHTML)));
}"""


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("head", HEADS)
def test_every_parameter_is_counted_once(body, head):
    model = model_of(body, head)
    it = summary(model)
    numbers = sum(p.numel() for p in model.parameters())
    assert it.parameters == it.trainable == numbers
    assert it.memory == pytest.approx(4 * numbers / 1e6)
    assert it.training_memory == pytest.approx(16 * numbers / 1e6)
    assert "others" not in repr(it) and f"{numbers:,}" in repr(it)
    assert len({part.name for part in it.parts}) == len(it.parts)
    ElementTree.fromstring(it.svg)


def test_parts_by_hand():
    parts = {part.name: part for part in summary(model_of("bert", "class by mean")).parts}
    assert parts["attention"].tensors == ("8 of 8 × 8", "8 of 8")
    assert parts["attention"].parameters == 2 * 4 * (8 * 8 + 8)
    assert parts["token embedding"].tensors == ("280 × 8",)
    assert parts["head"].parameters == 3 * 8 + 3
    tied = {part.name: part for part in summary(model_of("lstm", "tied language")).parts}
    assert tied["head"].parameters == 0 and tied["head"].tensors == ("the token embedding, shared",)


def test_what_is_frozen_shows():
    model = model_of("bert", "class by mean")
    model.body.requires_grad_(False)
    it = summary(model)
    assert it.trainable == 3 * 8 + 3
    assert it._repr_html_().count("❄") == len(it.parts) - 1


@pytest.mark.parametrize(
    ("body", "stands"),
    [
        (Transformer(TRANSFORMER), ["full", "post", "LayerNorm", "learned", "GELU", "one a head"]),
        (Transformer(LLAMA), ["causal", "pre", "RMSNorm", "rotary", "SwiGLU", "grouped"]),
        (Transformer(replace(TRANSFORMER, activation="relu", positions="none")), ["none", "ReLU"]),
        (RNN(RECURRENT), ["LSTM", "forward"]),
        (RNN(replace(RECURRENT, cell="gru", bidirectional=True)), ["GRU", "two-way"]),
    ],
)
def test_the_switches_stand_as_the_configuration_says(body, stands):
    texts = ElementTree.fromstring(summary(body).svg).iter("{http://www.w3.org/2000/svg}text")
    chosen = [t.text for t in texts if t.get("font-weight") == "700"]
    assert [way for way in chosen if way in stands] == stands


def test_the_page_needs_nothing_from_elsewhere():
    for make in SHAPES.values():
        page = summary(make())._repr_html_().replace("http://www.w3.org/2000/svg", "")
        assert not any(word in page for word in ("<script", "http", "onclick", "<style"))


def test_no_notebook_library_is_imported():
    code = (
        "import sys, kit.widgets.parameters.model_summary, kit.sources.checkpoint;"
        "sys.exit(bool({'IPython', 'ipywidgets', 'plotly', 'transformers'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_something_else_has_no_summary():
    with pytest.raises(KitError, match="a Linear has no summary: give a Model or a body"):
        summary(nn.Linear(2, 2))


def test_in_a_browser_no_words_overlap_or_leave_the_picture():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        for name, make in SHAPES.items():
            with torch.device("meta"):
                page.set_content(summary(make())._repr_html_())
            assert page.locator("svg").evaluate(OVERLAPS) == [], name
        browser.close()
