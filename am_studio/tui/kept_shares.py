"""The sizes of panes that somebody chose, as shares of the room; kept over restarts."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import write_atomic
from am_studio.foundation.locations import state_directory

_MOST_BYTES = 20_000


class KeptShares:
    """The shares that were chosen, in a small file of the user's state; read when the first is asked for."""

    def __init__(self) -> None:
        self._shares: dict[str, float] | None = None

    @property
    def file(self) -> Path:
        """Where they are kept."""
        return state_directory() / "panes.json"

    def get(self, name: str) -> float | None:
        """The share of a pane; None where nobody has chosen one."""
        if self._shares is None:
            self._shares = self._read()
        return self._shares.get(name)

    def put(self, name: str, share: float | None) -> None:
        """Use this share from now on; None: the program's own."""
        self.get(name)
        shares = self._shares if self._shares is not None else {}
        shares.pop(name, None)
        if share is not None:
            shares[name] = round(share, 4)

    def save(self, name: str) -> None:
        """Write down the share of one pane beside what other studios wrote; StudioError when that cannot be done."""
        share = self.get(name)
        shares = self._read()
        shares.pop(name, None)
        if share is not None:
            shares[name] = share
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self.file, (json.dumps(shares, indent=2, sort_keys=True) + "\n").encode())
        except OSError as error:
            raise StudioError("the sizes of panes cannot be kept", str(error)) from error

    def _read(self) -> dict[str, float]:
        """What the file says; what is no share in it is left out, for it is no more than a convenience."""
        found: object = {}
        with suppress(OSError, ValueError):
            if self.file.stat().st_size <= _MOST_BYTES:
                found = json.loads(self.file.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            return {}
        return {
            str(name): float(share)
            for name, share in found.items()
            if isinstance(share, (int, float)) and not isinstance(share, bool) and 0 < share < 1
        }
