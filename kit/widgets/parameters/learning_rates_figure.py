"""The learning rate of each layer over the budget, for several strategies side by side."""

from math import log10

from kit.html import bold, escape
from kit.migrate import Migration
from kit.models.layers import layer
from kit.train import Recipe
from kit.widgets.base.style import dress
from kit.widgets.parameters.tensors import title

__all__ = ["figure", "rates"]

STEPS = 60
TICKS = (1e-6, 1e-5, 1e-4, 1e-3)


def rates(migration: Migration, recipe: Recipe) -> dict[str, list[float]]:
    """Layer -> its rate at equal steps of the budget: rate · factor(spent), 0 before its start.

    The layers stand as in the model, the lowest first. Where tensors of one layer differ, the
    highest counts.
    """
    spent = [(i + 0.5) / STEPS for i in range(STEPS)]
    found: dict[str, list[float]] = {}
    for o in migration.origins:
        now = [o.rate * recipe.factor(s) if s >= o.start else 0.0 for s in spent]
        name = title(layer(o.name))
        found[name] = [max(pair) for pair in zip(found.get(name, now), now, strict=True)]
    return found


def figure(migrations: dict[str, Migration], recipe: Recipe):
    """A panel for each migration: layers upwards, the budget to the right, the rate as colour."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    names = [bold(name) for name in migrations]
    shown = make_subplots(1, len(names), shared_yaxes=True, subplot_titles=names)
    for i, migration in enumerate(migrations.values(), 1):
        shown.add_trace(go.Heatmap(**_panel(rates(migration, recipe))), 1, i)
    low, *_, high = (log10(r) for r in TICKS)
    bar = {"tickvals": [log10(r) for r in TICKS], "ticktext": ["10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³"]}
    bar |= {"title": {"text": "rate"}, "thickness": 16}
    shown.update_layout(
        coloraxis={"cmin": low, "cmax": high, "colorscale": "Viridis", "colorbar": bar}
    )
    dress(shown, height=360)
    shown.update_xaxes(
        title="budget spent", tickvals=[0.01, 0.5, 0.96], ticktext=["0", "half", "all"]
    )
    shown.update_yaxes(showgrid=False)
    return shown.update_layout(margin_l=104, plot_bgcolor="#E3E3E3")


def _panel(found: dict[str, list[float]]) -> dict:
    return {
        "x": [(i + 0.5) / STEPS for i in range(STEPS)],
        "y": [escape(name) for name in found],
        "z": [[log10(r) if r else None for r in row] for row in found.values()],
        "customdata": [[f"{r:.1e}" if r else "still" for r in row] for row in found.values()],
        "hovertemplate": "%{y}, %{x:.0%} spent: %{customdata}<extra></extra>",
        "coloraxis": "coloraxis",
        "ygap": 2,
    }
