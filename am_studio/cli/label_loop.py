"""Labelling at the terminal: one transcript at a time, one key an answer, on any terminal of 80 columns.

Blind: arm, model, prompt, verdicts and other people's labels are not shown, and the order tells nothing of them. What the
judge took for evidence is marked only while `e` asks for it, since it tells what the judge thought.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from am_studio.cli.console import data
from am_studio.foundation.cells import cells, wrapped
from am_studio.foundation.hygiene import one_line, visible
from am_studio.records import Answer, Evidence
from am_studio.runs.label_samples import LabelSample
from am_studio.runs.labels import read_labels, set_label
from am_studio.runs.runfile import RunFile
from am_studio.runs.trial_view import TrialView, open_trial

KEYS: Mapping[str, Answer] = {"y": "yes", "n": "no", "u": "unclear"}
HELP = "y yes  n no  u unclear  s skip  b back  e evidence  q quit  space, p: pages"
WIDEST = 100
"""Characters of a line of text, at most."""
_OPEN, _SHUT = "»", "«"
"""Around what the judge took for evidence."""


@dataclass
class Queue:
    """Where a rater is in a sample."""

    trials: Sequence[int]
    """In the order of labelling."""
    own: dict[int, Answer]
    """This rater's labels."""
    place: int = 0
    skipped: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.place = self._next(0)

    @property
    def current(self) -> int | None:
        """The trial that is asked about; None at the end."""
        return self.trials[self.place] if self.place < len(self.trials) else None

    @property
    def labelled(self) -> int:
        """Trials of the sample that this rater has labelled."""
        return sum(trial in self.own for trial in self.trials)

    def answered(self, trial: int, answer: Answer) -> None:
        """A label was stored: on to the next trial without one."""
        self.own[trial] = answer
        self.skipped.discard(trial)
        self.place = self._next(self.place + 1)

    def skip(self) -> None:
        """Leave the current trial without a label, or with the one it has."""
        if self.current is not None and self.current not in self.own:
            self.skipped.add(self.current)
        self.place = self._next(self.place + 1)

    def back(self) -> None:
        """To the trial before, labelled or not."""
        self.place = max(self.place - 1, 0)

    def _next(self, start: int) -> int:
        """The first place from here on whose trial has no label and was not skipped."""
        for place in range(start, len(self.trials)):
            if self.trials[place] not in self.own and self.trials[place] not in self.skipped:
                return place
        return len(self.trials)


def label_at_terminal(path: Path, sample: LabelSample, question: str, rater: str, read_key: Callable[[], str]) -> Queue:
    """Ask for labels until the sample is through or the rater quits; each is stored at once."""
    outcome, trials = sample.outcome, [drawn.trial for drawn in sample.trials]
    with RunFile.open(path) as run:
        own = {label.trial: label.answer for label in read_labels(run, outcome=outcome, rater=rater)}
        queue = Queue(trials, own)
        while (trial := queue.current) is not None:
            asked = Asked(open_trial(run, trial), outcome, sample.judge, question)
            key = _ask(asked, queue, read_key)
            if key == "q":
                break
            if key == "s":
                queue.skip()
            elif key == "b":
                queue.back()
            else:
                answer = KEYS[key]
                set_label(path, trial, outcome, rater, answer)
                queue.answered(trial, answer)
    return queue


@dataclass(frozen=True)
class Asked:
    """A trial as it is put before a rater."""

    view: TrialView
    outcome: str
    judge: str
    question: str

    def lines(self, width: int, *, evidence: bool) -> list[str]:
        """What the subject said and did, wrapped; nothing of what was made of it."""
        view, lines = self.view, list[str]()
        found = [e for v in view.verdicts if v.outcome == self.outcome and v.judge == self.judge for e in v.evidence]
        for turn, shown in enumerate(view.shown):
            which = f", turn {turn + 1}" if len(view.shown) > 1 else ""
            if view.replies[turn].reasoning.strip():
                lines += [f"--- Reasoning{which} ---", *_wrapped(view.replies[turn].reasoning, width), ""]
            text = _marked(shown.text, [e for e in found if e.turn == turn]) if evidence else shown.text
            lines += [f"--- Reply{which} ---", *_wrapped(text, width), ""]
        if not view.shown:
            lines += ["(it said nothing)"]
        if evidence and not found:
            lines += ["(the judge quotes nothing)"]
        return lines + [f"! {told}" for told in view.damage]


def _ask(asked: Asked, queue: Queue, read_key: Callable[[], str]) -> str:
    """Show a trial until a key answers, skips, goes back or quits; that key."""
    page, evidence = 0, False
    while True:
        size = shutil.get_terminal_size((80, 24))
        width = max(min(size.columns - 1, WIDEST), 20)
        foot = ["", *wrapped(HELP, width)]
        head = _head(asked, queue, width)
        pages = _paged(asked.lines(width, evidence=evidence), max(size.lines - len(head) - len(foot) - 2, 3))
        page = min(page, len(pages) - 1)
        where = f" · page {page + 1} of {len(pages)}" if len(pages) > 1 else ""
        _show([head[0] + where, *head[1:], *pages[page], *foot])
        key = read_key().lower()
        if key in (" ", "\r", "\n"):
            page = min(page + 1, len(pages) - 1)
        elif key == "p":
            page = max(page - 1, 0)
        elif key == "e":
            evidence = not evidence
        elif key in KEYS or key in ("s", "b", "q"):
            return key
        elif key in ("", "\x03", "\x04"):
            return "q"


def _head(asked: Asked, queue: Queue, width: int) -> list[str]:
    trial = asked.view.row.id
    own = queue.own.get(trial)
    label = f" · your label: {own}" if own else ""
    place = f"{queue.place + 1}/{len(queue.trials)} · {queue.labelled} labelled · trial {trial}{label}"
    return [one_line(place, width), *wrapped(one_line(asked.question), width)[:4], ""]


def _paged(lines: Sequence[str], height: int) -> list[Sequence[str]]:
    return [lines[start : start + height] for start in range(0, len(lines), height)] or [[]]


def _wrapped(text: str, width: int) -> Iterable[str]:
    for line in visible(text).expandtabs(4).splitlines():
        if cells(line) <= width:
            yield line
        elif line.isascii():
            yield from textwrap.wrap(line, width, break_on_hyphens=False, drop_whitespace=False)
        else:  # some of its signs take two cells, or none
            words = line.lstrip()
            yield from wrapped(words, width, first=line[: len(line) - len(words)][: width // 2])


def _marked(text: str, evidence: Sequence[Evidence]) -> str:
    for passage in sorted(evidence, key=lambda each: -each.start):
        text = f"{text[: passage.start]}{_OPEN}{text[passage.start : passage.end]}{_SHUT}{text[passage.end :]}"
    return text


def _show(lines: Iterable[str]) -> None:
    sys.stdout.write("\x1b[2J\x1b[H")
    for line in lines:
        data(line)
    sys.stdout.flush()


def terminal_keys() -> Callable[[], str]:
    """What reads one key from the terminal, without waiting for enter; an empty text at its end."""
    if sys.platform == "win32":
        import msvcrt

        return msvcrt.getwch
    return _posix_key


def _posix_key() -> str:
    import os
    import termios
    import tty

    source = sys.stdin.fileno()
    before = termios.tcgetattr(source)
    try:
        tty.setcbreak(source, termios.TCSADRAIN)
        pressed = os.read(source, 64).decode("utf-8", "replace")
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)
    # An arrow or function key comes as several characters at once: none of ours.
    return "other" if pressed.startswith("\x1b") else pressed[:1]
