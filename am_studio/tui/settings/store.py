"""Settings changed from within the studio: one value at a time, in the user's own file, every other line left as it is.

Nothing is written that could not be read again. A file made here can be read by its owner alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from am_studio.foundation.errors import StudioError
from am_studio.foundation.files import read_text, write_atomic
from am_studio.foundation.locations import settings_file
from am_studio.foundation.settings import SettingsForm
from am_studio.foundation.yamlfile import load_as, parse_yaml
from am_studio.scenarios.yaml_edits import remove_entry, set_value
from am_studio.scenarios.yaml_style import Value


def save_setting(path: Sequence[str], value: Value | None) -> None:
    """Set the value at this path, such as `("studio", "theme")`, or take it out when it is None.

    StudioError when the file is broken, cannot be written, or would not be sound with this value in it.
    """
    file = settings_file()
    if file.exists() and not file.is_file():
        raise StudioError(f"{file} is no file that settings could be kept in")
    if os.environ.get("AM_STUDIO_CONFIG") and not (file.is_file() or file.parent.is_dir()):
        raise StudioError(f"{file} cannot be written", "its directory is not there")
    old = read_text(file) if file.is_file() else ""
    if value is None:
        new = remove_entry(old, tuple(path), file=file.name)
    else:
        new = set_value(old or "{}\n", tuple(path), value, file=file.name) if old.strip() else _begun(path, value)
    load_as(SettingsForm, parse_yaml(new, str(file)))
    if new == old:
        return
    mode = file.stat().st_mode if file.exists() else 0o600
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, new.encode())
    file.chmod(mode)


def _begun(path: Sequence[str], value: Value) -> str:
    """A new file with this one value."""
    head, *rest = path
    for step in reversed(rest):
        value = {step: value}
    text = "# Settings of AM Studio.\nconfirm_above_usd: 1\n"
    return remove_entry(set_value(text, (head,), value), ("confirm_above_usd",))
