"""The lesson with the most figures, ten times in a row on a slow laptop: `make slow` runs it."""

from pathlib import Path

import pytest
from browser import lesson

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
MOST_FIGURES = NOTEBOOKS / "03_migrate_parameters.ipynb"


@pytest.mark.parametrize("run", range(10))
def test_no_figure_is_blank(run: int, tmp_path: Path, data) -> None:
    with lesson(MOST_FIGURES, tmp_path) as shown:
        assert shown.page.locator(".js-plotly-plot").count() == 9
        shown.picture(f"03_slow_{run}")
