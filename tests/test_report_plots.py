"""Plots are drawn from plain data: the same bytes each time, nothing read into labels, nothing of matplotlib left changed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from am_studio.reports.plots.drawings import Forest, ForestRow, Heat, HeatCell
from am_studio.reports.plots.files import PlotFormat, plot_file, plot_for_page, plots_pdf
from am_studio.reports.plots.theme import heat_colour, text_on

ROWS = (
    ForestRow("baseline", None, "7/10", ""),
    ForestRow("deadline", (-0.6, -0.4, -0.1), "3/10", "−40 [−60, −10]", True),
    ForestRow("$\\frac{1}{0}$ <script> 漢字", (-0.2, 0.0, 0.3), "7/10", "0 [−20, +30]"),
)
FOREST = Forest("harm in a model", ROWS, (-0.75, 0.5), "points", "SIMULATED")
HEAT = Heat(
    "details by model", ("a", "b_c"), ("m/one", "m/two"),
    ((HeatCell(-0.4, "−40", True), HeatCell(None, "–")), (HeatCell(0.1, "+10"), HeatCell(0.0, "0"))), diverging=True, unit="points",
)  # fmt: skip


@pytest.mark.parametrize(("drawing", "kind"), [(FOREST, "svg"), (HEAT, "svg"), (FOREST, "png")])
def test_the_same_data_give_the_same_bytes(drawing: Forest | Heat, kind: PlotFormat) -> None:
    assert plot_file(drawing, kind) == plot_file(drawing, kind)


def test_all_plots_in_one_pdf_are_the_same_bytes_each_time() -> None:
    assert plots_pdf([FOREST, HEAT]) == plots_pdf([FOREST, HEAT])


def test_an_svg_has_outlines_for_letters_and_no_date_or_program() -> None:
    svg = plot_file(FOREST, "svg").decode()
    assert "<text" not in svg
    assert "dc:date" not in svg
    assert "Matplotlib" not in svg.replace("<!-- ", "")


def test_a_plot_for_a_page_follows_its_scheme_and_holds_no_words_of_strangers() -> None:
    svg = plot_for_page(FOREST)
    assert "prefers-color-scheme:dark" in svg
    assert "var(--c1)" in svg
    assert "script" not in svg
    assert "<!--" not in svg
    assert len(svg) < len(plot_file(FOREST, "svg"))


def test_labels_are_no_formulas() -> None:
    assert plot_file(FOREST, "svg")  # a formula that cannot be set would raise


def test_drawing_leaves_no_setting_changed_and_opens_no_window() -> None:
    code = (
        "import matplotlib, sys\n"
        "matplotlib.rcParams['axes.grid'] = True\n"
        "before = matplotlib.rcParams.copy()\n"
        "from tests.test_report_plots import FOREST\n"
        "from am_studio.reports.plots.files import plot_file\n"
        "plot_file(FOREST, 'png')\n"
        "same = [dict.__getitem__(before, k) == dict.__getitem__(matplotlib.rcParams, k) for k in before]\n"
        "assert all(same)\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_nothing_of_matplotlib_is_loaded_before_something_is_drawn() -> None:
    code = (
        "import sys, am_studio.reports.html.report, am_studio.reports.document.build, am_studio.reports.comparison.build\n"
        "import am_studio.reports.site.build, am_studio.cli.commands.report, am_studio.cli.commands.compare\n"
        "print(sorted({'matplotlib', 'numpy', 'jinja2.sandbox'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_figures_in_a_heat_map_can_be_read_on_every_shade() -> None:
    for step in range(-100, 101):
        colour = heat_colour(step / 100)
        assert contrast(colour, text_on(colour)) >= 4.5, (step, colour)
