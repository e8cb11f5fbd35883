"""An overlay being edited: one edits the whole scenario, and what differs from the base goes into the overlay's own files.

The base is never written. A change that an overlay cannot say is refused when it is saved, and stays in the editor.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from am_studio.foundation.errors import FileProblems, Place, Problem, StudioError
from am_studio.scenarios.documents import ScenarioDocument
from am_studio.scenarios.loading import Draft, read_texts
from am_studio.scenarios.overlay_pieces import Conflict
from am_studio.scenarios.overlay_saving import own_texts
from am_studio.scenarios.overlays import Resolved, record_base, resolve

if TYPE_CHECKING:
    from am_studio.scenarios.pack_diff import PackDiff


class OverlayDocument(ScenarioDocument):
    """The scenario that an overlay and its base make together, open for editing."""

    _made: Resolved
    _own: dict[str, str]

    def _read(self) -> tuple[dict[str, str], list[Problem]]:
        """The texts of the whole scenario; FileProblems when the overlay cannot be laid over its base."""
        self._own, unreadable = read_texts(self.directory)
        made = resolve(self.directory, self._own)
        if not made.usable:
            raise FileProblems([*unreadable, *made.problems])
        self._made = made
        return dict(made.texts), unreadable

    @property
    def other_problems(self) -> tuple[Problem, ...]:
        """What is wrong with the overlay as such: what its base has changed, what is not recorded."""
        # Lines are those of the overlay's own files, and the editor shows the whole scenario's.
        return tuple(replace(problem, place=Place(problem.place.file)) for problem in self._made.problems)

    @property
    def base_told(self) -> str:
        """The scenario below with its pack's version, as it was when this was loaded or saved."""
        base = self._made.base
        return f"{base.reference} {base.version}" if base is not None else ""

    def changes(self, draft: Draft) -> tuple[PackDiff, tuple[Conflict, ...]]:
        """What the overlay changes in its base once `draft` is saved, and what the base has changed under it.

        Takes a while. StudioError when the draft cannot be said in an overlay, FileProblems when it cannot be read.
        """
        from am_studio.scenarios.pack_diff import overlay_diff

        own = own_texts(self.directory, self._own, self._made, draft.texts)
        made = resolve(self.directory, own)
        return overlay_diff(draft, made), made.conflicts

    def _put(self, dirty: tuple[str, ...]) -> None:
        now = resolve(self.directory, self._own)
        if now.base_texts != self._made.base_texts:
            raise StudioError(
                "The scenario below was changed since this was opened",
                "nothing was written",
                "copy what you changed, open the overlay anew, and change it there",
            )
        own = own_texts(self.directory, self._own, self._made, self.texts)
        for name, data in self._encoded({n: text for n, text in own.items() if self._own.get(n) != text}).items():
            self._write(name, data)
        self._trash([name for name in self._own if name not in own])
        self._own, self._saved = own, dict(self.texts)
        self._made = resolve(self.directory, own)
        if not self._made.conflicts:
            # Whoever edited the scenario has seen what the base says there.
            record_base(self.directory)
            self._made = resolve(self.directory, own)
