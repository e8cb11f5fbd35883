"""Under the plan: the smallest change that the study would find, the curve of its power, and what its pilot advises.

All of it is of the form as it stands now, worked out in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual import events, on, work
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from am_studio.foundation.errors import StudioError
from am_studio.reports.power_plot import power_plot, size_words, smallest_words
from am_studio.runs.study_assessment import Assessment
from am_studio.runs.study_power import StudyPower, study_power
from am_studio.tui.strangers import MUTED, joined, plain
from am_studio.tui.study.advice_flow import latest_advice

USUAL_BASELINE = 0.9
_TALL = 44
"""Rows from which a curve of some height leaves the plan its room."""
_SIZES = (20, 40, 60, 100, 200)


class PowerPane(Static):
    """What the study would find. A click asks for other rates, as f4 does."""

    DEFAULT_CSS = """
    PowerPane { height: auto; padding: 0 1; border: round $panel; border-title-color: $text-muted; }
    PowerPane.-stale { opacity: 60%; }
    PowerPane.-empty { display: none; }
    """

    @dataclass
    class WorkedOut(Message):
        """What a study would find, or why that cannot be said."""

        assessment: Assessment
        power: StudyPower | str
        advised: str
        """What the latest fitting pilot advises, in a line; empty without one."""

    def __init__(self) -> None:
        super().__init__(classes="-empty", markup=False)
        self._assessment: Assessment | None = None
        self._power: StudyPower | str = ""
        self._advised = ""
        self.assumed = USUAL_BASELINE
        """The rate that the baseline, or a detail in place, is taken to have."""

    def on_mount(self) -> None:
        """The pane's name."""
        self.border_title = "Power (f4: other rates)"

    def show(self, assessment: Assessment) -> None:
        """Work out what the study of this assessment would find; what was shown stays until then."""
        if assessment is self._assessment:
            return
        self._assessment = assessment
        self.set_class(assessment.plan is None, "-empty")
        if assessment.plan is not None:
            self.add_class("-stale")
            self._work_out(assessment, self.assumed)

    def assume(self, baseline: float) -> None:
        """Take this rate instead."""
        self.assumed = baseline
        if self._assessment is not None and self._assessment.plan is not None:
            self._work_out(self._assessment, baseline)

    @work(thread=True, exclusive=True, group="power", description="work the power out")
    def _work_out(self, assessment: Assessment, baseline: float) -> None:
        plan, scenario = assessment.plan, assessment.scenario
        if plan is None or scenario is None:
            return
        found: StudyPower | str
        try:
            found = study_power(plan, scenario, baseline=baseline, sizes=_SIZES)
        except StudioError as error:
            found = f"{error.title}: {error.detail}"
        advised = _advised(assessment)
        if not get_current_worker().is_cancelled:
            self.post_message(self.WorkedOut(assessment, found, advised))

    @on(WorkedOut)
    def _worked_out(self, message: WorkedOut) -> None:
        message.stop()
        if message.assessment is self._assessment:
            self._power, self._advised = message.power, message.advised
            self.remove_class("-stale")
            self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Another width has room for another curve."""
        self._draw()

    def _draw(self) -> None:
        found, width = self._power, self.content_size.width
        advised = [plain(self._advised, "$text-success")] if self._advised else []
        if isinstance(found, str):
            self.update(joined(plain(found, MUTED), *advised, between="\n"))
            return
        height = 4 if self.screen.has_class("-wide") or self.screen.size.height >= _TALL else 1
        looks = [plain("Looks may end it sooner.", MUTED)] if found.plan.study.stopping is not None else []
        sizes = size_words(found)
        lines = (
            plain(smallest_words(found), "bold"),
            *(plain(line) for line in power_plot(found, width, height)),
            *([plain(sizes, MUTED)] if sizes and height > 1 else []),
            *looks,
            *advised,
        )
        self.update(joined(*lines, between="\n"))


def _advised(assessment: Assessment) -> str:
    """What the latest pilot of the study advises; a study of that design already is told so."""
    plan, scenario = assessment.plan, assessment.scenario
    advice = (
        None
        if plan is None or scenario is None
        else latest_advice(replace(plan.study, source=assessment.file), scenario)
    )
    if advice is None or plan is None:
        return ""
    if not advice.design:
        return "Its pilot advises no study of these details (f9 tells why)."
    trials = "" if advice.trials is None else f", {advice.trials:,} trials"
    same = advice.design == plan.study.design.get("kind")
    return f"Its pilot advises {advice.design}{trials}" + (
        ": this design." if same else " (f9 tells why, and takes it)."
    )
