"""From the edited texts of a whole scenario back to an overlay that makes them: only what differs from the base is said.

What the overlay said before and is not touched stays as its author wrote it. What cannot be said in an overlay is refused,
and nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from am_studio.foundation.errors import StudioError
from am_studio.foundation.yamlfile import Form, load_as, parse_yaml
from am_studio.scenarios.forms import ScenarioForm
from am_studio.scenarios.overlay_forms import BY_ENTRY, BY_ENTRY_AND_FIELD, BY_FIELD, WHOLE
from am_studio.scenarios.overlays import Resolved, resolve
from am_studio.scenarios.yaml_edits import remove_entry, set_value

MAIN = "scenario.yaml"
_EMPTY: dict[str, Any] = {"summary": "", "constraints": [], "protect": [], "order": "sent"}
"""What a part is that a scenario does not have."""


def own_texts(directory: Path, own: Mapping[str, str], made: Resolved, edited: Mapping[str, str]) -> dict[str, str]:
    """The overlay's own files after its scenario was edited to read like this.

    `made` is what the files `own` made of the scenario before. FileProblems when scenario.yaml cannot be read as one,
    StudioError when the change cannot be said in an overlay.
    """
    wanted = load_as(ScenarioForm, parse_yaml(edited[MAIN], MAIN))
    overlay = _Overlay(dict(own), made)
    for name in sorted({*made.texts, *edited} - {MAIN}):
        if edited.get(name) != made.texts.get(name):
            overlay.say_text(name, edited.get(name))
    overlay.say_parts(_plain(made.texts[MAIN]), _plain(edited[MAIN]))
    _prove(directory, overlay.texts, edited, wanted)
    return overlay.texts


def _prove(directory: Path, own: Mapping[str, str], edited: Mapping[str, str], wanted: Form) -> None:
    """Refuse an overlay that does not make the scenario that was meant."""
    again = resolve(directory, own)
    prose = {name: text for name, text in again.texts.items() if name != MAIN}
    meant = {name: text for name, text in edited.items() if name != MAIN}
    if not again.usable or prose != meant or load_as(ScenarioForm, parse_yaml(again.texts[MAIN], MAIN)) != wanted:
        raise _unsayable("it would not read back as meant")


def _plain(text: str) -> dict[str, Any]:
    plain: dict[str, Any] = parse_yaml(text, MAIN).plain()
    return plain


def _unsayable(why: str) -> StudioError:
    return StudioError(
        "This change cannot be said in an overlay",
        why,
        "edit the overlay's own files, or clone it: a clone stands by itself and can be changed in everything",
    )


class _Overlay:
    """An overlay's own files while they are brought up to what was edited."""

    def __init__(self, texts: dict[str, str], made: Resolved) -> None:
        self.texts = texts
        self._base = made.base_texts

    def say_text(self, name: str, text: str | None) -> None:
        """Make this the text of a file; None: the scenario has none."""
        email = name.removeprefix("emails/").removesuffix(".md")
        self.texts.pop(name, None)
        self._forget("emails", email)
        for address in list(self._said("passages")):
            if address.partition("#")[0] == name:
                self._forget("passages", address)
        self._keep("emails", email)
        if text is None and name in self._base:
            if not name.startswith("emails/"):
                raise _unsayable(f"every scenario has a {name}")
            self._drop("emails", email)
        elif text is not None and text != self._base.get(name):
            self.texts[name] = text

    def say_parts(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Bring scenario.yaml from what it made before to what it shall make."""
        base = _plain(self._base[MAIN])
        for part in WHOLE:
            if before.get(part) != after.get(part):
                self._say((part,), base.get(part), after.get(part, _EMPTY.get(part)))
        for part in BY_FIELD:
            self._say_fields((part,), base.get(part, {}), before.get(part, {}), after.get(part, {}))
        for part in (*BY_ENTRY_AND_FIELD, *BY_ENTRY):
            there, was, now = (side.get(part, {}) for side in (base, before, after))
            for name in dict.fromkeys([*was, *now]):
                if was.get(name) != now.get(name):
                    self._say_entry(part, name, there.get(name), was.get(name), now.get(name))

    def _say_entry(self, part: str, name: str, there: Any, was: Any, now: Any) -> None:
        if now is None:
            self._forget(part, name)
            if there is not None:
                self._drop(part, name)
            return
        self._keep(part, name)
        if there is not None and part in BY_ENTRY_AND_FIELD:
            self._say_fields((part, name), there, was or {}, now)
        else:
            self._say((part, name), there, now)

    def _say_fields(self, path: tuple[str, ...], there: Any, was: Any, now: Any) -> None:
        for field in dict.fromkeys([*was, *now]):
            if was.get(field) == now.get(field):
                continue
            value = now.get(field)
            if value is None and field in there:
                old = there[field]
                value = "" if isinstance(old, str) else [] if isinstance(old, list) else None
            if value is None and field in there:
                raise _unsayable(f"'{'.'.join((*path, field))}' of the base cannot be taken out")
            self._say((*path, field), there.get(field), value)

    # The overlay's scenario.yaml. ------------------------------------------------------------------------------------

    def _say(self, path: tuple[str, ...], there: Any, value: Any) -> None:
        """Say this at a path, or nothing where the base has it so."""
        if value == there or value is None:
            self._forget(*path)
        else:
            self.texts[MAIN] = set_value(self.texts[MAIN], path, value)

    def _said(self, *path: str) -> Any:
        found: Any = _plain(self.texts[MAIN])
        for step in path:
            found = found.get(step, {}) if isinstance(found, dict) else {}
        return found

    def _forget(self, *path: str) -> None:
        """Take out what is said at a path, and what is empty without it."""
        if len(path) > 1 and path[-1] not in self._said(*path[:-1]):
            return
        if len(path) == 1 and path[0] not in self._said():
            return
        if len(path) > 1 and len(self._said(*path[:-1])) == 1:
            self._forget(*path[:-1])
            return
        self.texts[MAIN] = remove_entry(self.texts[MAIN], path)

    def _removed(self, part: str) -> list[str]:
        said = self._said("remove", part)
        return [said] if isinstance(said, str) else list(said)

    def _drop(self, part: str, name: str) -> None:
        self.texts[MAIN] = set_value(self.texts[MAIN], ("remove", part), [*self._removed(part), name])

    def _keep(self, part: str, name: str) -> None:
        names = self._removed(part)
        if name not in names:
            return
        left = [each for each in names if each != name]
        if left:
            self.texts[MAIN] = set_value(self.texts[MAIN], ("remove", part), left)
        else:
            self._forget("remove", part)
