"""Sphinx settings of the edition: the course as pages (`make html`).

tests/course_pages.py writes the sources: lessons that have run, the glossary, the first page.
"""

import os
from importlib.resources import files

FORK = os.environ.get("FORK", "")
"""owner/name on GitHub, for the launch buttons; "" leaves them out."""

project = "Transfer learning with language models"
html_title = project
extensions = ["myst_nb"]
html_theme = "sphinx_book_theme"
html_static_path = ["static", str(files("plotly") / "package_data/plotly.min.js")]
html_css_files = ["edition.css"]
html_show_copyright = html_show_sphinx = False
html_use_index = False
html_show_search_summary = False  # it would be fetched, which a browser forbids a file
html_theme_options = {
    "show_navbar_depth": 1,
    "navbar_persistent": [],
    "use_download_button": True,
    "footer_content_items": [],  # the theme would write "By Author name not set"
    "pygments_dark_style": "a11y-high-contrast-dark",
    "pygments_light_style": "tango",
}
html_context = {"default_mode": "auto"}
if FORK:
    html_theme_options |= {
        "repository_url": f"https://github.com/{FORK}",
        "repository_branch": "main",
        "use_repository_button": True,
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
            "notebook_interface": "jupyterlab",
        },
    }

nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}  # by default myst-nb loads these scripts from other hosts
myst_enable_extensions = []  # a dollar is a dollar: the lessons' formulas are plain text
myst_heading_anchors = 3


def setup(app):
    """plotly.js on the pages that draw a figure."""

    def plotly(app, pagename, templatename, context, doctree):
        if "Plotly.newPlot" in context.get("body", ""):
            app.add_js_file("plotly.min.js", priority=100)

    app.connect("html-page-context", plotly)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
