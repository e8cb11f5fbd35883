"""Labelling trials with single keys: who labels is asked once, then a key is a label.

A label is about the outcome in view and the trial that was current when its key was pressed, whatever is on the screen by
the time it is stored. Labels are written one after the other, in the order of the keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from textual import on, work

from am_studio.foundation.errors import StudioError
from am_studio.records import Answer
from am_studio.runs.browse import Wanted
from am_studio.runs.labels import LONGEST_NOTE, Label, checked_rater, clear_label, set_label
from am_studio.tui.strangers import plain
from am_studio.tui.transcripts import reading
from am_studio.tui.transcripts.base import RunReader
from am_studio.tui.transcripts.state import with_label
from am_studio.tui.widgets import AskScreen, Field

ANSWERS: dict[str, Answer] = {"yes": "yes", "no": "no", "unclear": "unclear"}


class Labelling(RunReader):
    """The actions that label the current trial."""

    def __init__(self, run: Path, wanted: Wanted) -> None:
        super().__init__(run, wanted)
        self._writing = asyncio.Lock()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a trial with a conversation can be labelled, only one's own label taken back."""
        if action in {"label", "note"}:
            return True if self._current is not None and self._current.row.state == "done" else None
        if action == "clear_label":
            return True if self._own_label() is not None else None
        return True

    def _own_label(self) -> Label | None:
        """The current trial's label, when it is one that may be taken back from here."""
        label = self._state.labels.get(self._current.row.id) if self._current else None
        return label if label is not None and label.rater == self._state.rater else None

    def action_label(self, answer: Answer) -> None:
        """Label the current trial for the outcome in view."""
        if self._current is not None:
            own = self._own_label()
            self._label(self._current.row.id, self._state.outcome, answer, own.note if own else "")

    @work(group="label")
    async def action_note(self) -> None:
        """Write a note on the label of the current trial."""
        view, outcome = self._current, self._state.outcome
        if view is None or not await self._rater_known():
            return
        trial, own = view.row.id, self._own_label()
        fields: tuple[Field, ...] = (Field("note", "Note", own.note if own else ""),)
        if own is None:
            answers = tuple(ANSWERS)
            fields = (*fields, Field("answer", "Label, which a note belongs to: yes, no or unclear", "", answers))
        title = plain(f"A note on trial {trial}, {outcome}")
        texts = await self.app.push_screen_wait(AskScreen(title, fields, verb="Save", check=_check_note))
        if texts:
            self._label(trial, outcome, ANSWERS[texts.get("answer") or (own.answer if own else "")], texts["note"])

    @work(group="label")
    async def action_clear_label(self) -> None:
        """Take the label of the current trial back."""
        own = self._own_label()
        if own is not None:
            await self._write(own.trial, own.outcome, None, "")

    @work(group="label")
    async def action_rater(self) -> None:
        """Say who labels from now on."""
        self._state = replace(self._state, rater="")
        await self._rater_known()

    @work(group="label")
    async def _label(self, trial: int, outcome: str, answer: Answer, note: str) -> None:
        if await self._rater_known():
            await self._write(trial, outcome, answer, note)

    async def _rater_known(self) -> bool:
        """Whether it is known who labels; asks once."""
        if not self._state.rater:
            field = Field("rater", "Your name or initials, stored with each label", self._state.shown_rater)
            asked = AskScreen(plain("Who is labelling?"), (field,), verb="Label", check=_check_rater)
            texts = await self.app.push_screen_wait(asked)
            if texts:
                await self._labels_by(checked_rater(texts["rater"]))
        return bool(self._state.rater)

    async def _labels_by(self, rater: str) -> None:
        """This is who labels: show their labels."""
        try:
            labels = await asyncio.to_thread(reading.labels_of, self._run, self._state.outcome, rater)
        except StudioError as error:
            self.post_message(reading.Trouble(error))
        else:
            self._state = replace(self._state, rater=rater, labels=labels)
            self._show_state()

    async def _write(self, trial: int, outcome: str, answer: Answer | None, note: str) -> None:
        """Store a label or take it back, one after the other in the order of the keys."""
        rater = self._state.rater
        async with self._writing:
            try:
                if answer is None:
                    await asyncio.to_thread(clear_label, self._run, trial, outcome, rater)
                    label = None
                else:
                    label = await asyncio.to_thread(set_label, self._run, trial, outcome, rater, answer, note=note)
            except StudioError as error:
                self.post_message(reading.Trouble(error))
            else:
                self.post_message(reading.LabelStored(trial, outcome, label))

    @on(reading.LabelStored)
    def _labelled(self, message: reading.LabelStored) -> None:
        self._state = with_label(self._state, message.trial, message.outcome, message.label)
        self._show_state()
        if self._state.blind and message.label is not None:
            self._go_on(message.trial)
        for view, beside in ((self._view, False), (self._pinned, True)):
            if view is not None and view.row.id == message.trial:
                self._open(message.trial, beside=beside)

    def _go_on(self, trial: int) -> None:
        """From a trial that was just labelled to the next one of the sample without a label."""
        ids, labels = self._state.ids, self._state.labels
        if self._list.current == trial:
            rest = [other for other in ids if other not in labels]
            later = [other for other in rest if other > trial]
            if rest:
                self._list.go_to((later or rest)[0])


def _check_rater(texts: Mapping[str, str]) -> str:
    try:
        checked_rater(texts["rater"])
    except StudioError as error:
        return error.title
    return ""


def _check_note(texts: Mapping[str, str]) -> str:
    if len(texts["note"]) > LONGEST_NOTE:
        return f"at most {LONGEST_NOTE:,} characters"
    return "" if texts.get("answer", "yes") in ANSWERS else "write yes, no or unclear"
