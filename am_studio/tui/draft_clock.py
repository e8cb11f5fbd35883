"""Keeps drafts by a clock of its own: a thread that a busy screen cannot hold up.

It looks at what is unsaved, which it takes as it finds it and never changes, and writes it down when it differs from what was
written last. It ends with the studio; what it wrote stays until the studio says that all was saved or given up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from am_studio.foundation.errors import StudioError
from am_studio.tui.drafts import AUTOSAVE_SECONDS, Draft, DraftKeeper

LOOK_SECONDS = AUTOSAVE_SECONDS / 4
"""Between two looks: what is left of the time is for a slow disk and a busy machine."""
_AGAIN_SECONDS = 0.02
"""After which a look is repeated that met a change in the making."""


class DraftClock:
    """Writes the drafts of a studio while it lives."""

    def __init__(
        self, keeper: DraftKeeper, unsaved: Callable[[], Sequence[Draft] | None], failed: Callable[[StudioError], None]
    ) -> None:
        """`unsaved` is asked from the thread; None says that there is nothing to ask. `failed` is told when writing fails."""
        self._keeper, self._unsaved, self._failed = keeper, unsaved, failed
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drafts", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write nothing more: when this returns, nothing is being written either."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        wait = LOOK_SECONDS
        while not self._ended.wait(wait):
            wait = LOOK_SECONDS
            try:
                drafts = self._unsaved()
                if drafts is not None and not self._ended.is_set():
                    self._keeper.keep(drafts)
            except StudioError as error:
                self._failed(error)
            except RuntimeError:
                # A mapping changed while it was read: the document was in the middle of saving or loading.
                wait = _AGAIN_SECONDS
