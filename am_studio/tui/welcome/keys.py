"""The key that does something now, by the id of what it does: the user's own where they have given one, in vim's way too.

The keys that the program has are written here once more, since gathering them from all screens loads all screens; a test
holds that they are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from textual.binding import Binding

from am_studio.foundation.studio_looks import StudioLooks
from am_studio.tui.vim import MOVES

KEYS: Mapping[str, str] = {
    "app.help": "f1,question_mark",
    "author.back": "escape",
    "author.details": "3",
    "author.diff": "f5,c",
    "author.editor": "2",
    "author.inbox": "1",
    "author.save": "ctrl+s,f2,w",
    "author.study": "f8,ctrl+r,s",
    "board.results": "r",
    "board.transcripts": "t",
    "details.toggle": "space",
    "library.details": "3",
    "library.runs": "r",
    "library.search": "slash",
    "library.study": "s",
    "results.judge": "j,J",
    "results.report": "w",
    "results.trials": "enter",
    "study.launch": "ctrl+r,l",
    "study.next_pane": "f6,v,ctrl+right_square_bracket",
    "study.next_problem": "f7,n,ctrl+g",
    "study.power": "f4,p",
    "transcripts.no": "o",
    "transcripts.pin": "2",
    "transcripts.search": "slash",
    "transcripts.switch": "v",
    "transcripts.unclear": "u",
    "transcripts.yes": "h,y",
    "tree.open": "enter",
    "welcome.changelog": "plus",
    "welcome.reopen": "full_stop",
    "welcome.tour": "T",
    "tour.end": "escape",
    "tour.next": "ctrl+n,ctrl+right_square_bracket",
}
"""Several with commas, the usual first."""


class HasKeys(Protocol):
    """The app, as far as it names keys."""

    looks: StudioLooks

    def get_key_display(self, binding: Binding) -> str:
        """The key as people read it."""
        ...


def shown_key(app: HasKeys, name: str) -> str:
    """The key of what has this id, as people read it."""
    keys = [key.strip() for key in app.looks.keys.get(name, KEYS[name]).split(",")]
    if app.looks.vim:
        keys = [key for key in keys if key not in MOVES] or keys
    return app.get_key_display(Binding(keys[0], "", ""))


def with_keys(app: HasKeys, told: str) -> str:
    """A sentence of ours with keys in the places of `{author.save}`."""
    for name in KEYS:
        if "{" + name + "}" in told:
            told = told.replace("{" + name + "}", shown_key(app, name))
    return told
