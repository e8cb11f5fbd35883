"""Keys: read when a request needs one, and cut out of every text that a provider or a library sends back.

Nothing here stores, prints or logs a key, and no failure that it tells of names more than the variable.
"""

from __future__ import annotations

import json
import os
import re
from urllib.parse import quote

from am_studio.records import ModelFailure, ModelSettings

LONGEST_KEY = 8192
"""Characters; nothing longer is taken as a key, so that a text can be cut without leaving half of one."""
_LEAST_SECRET = 8
_LOOKS_LIKE_A_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|key|AIza)[-_]?[A-Za-z0-9_\-*]{12,}")
_NAMES_OF_SECRETS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def key_of(settings: ModelSettings) -> str | ModelFailure:
    """The key that the settings name, as it stands at this moment; "" when they name none.

    An `authentication` failure when the variable is not set, or holds what cannot be sent as a key.
    """
    name = settings.key_env
    if not name:
        return ""
    key = os.environ.get(name, "").strip()
    if not key:
        return ModelFailure(
            "authentication", f"The environment variable {name}, which should hold the key, is not set."
        )
    if not (key.isascii() and key.isprintable()) or len(key) > LONGEST_KEY:
        return ModelFailure("authentication", f"The environment variable {name} holds something that is not a key.")
    return key


def without_keys(text: str, *keys: str) -> str:
    """The text without these keys, without the value of any key in the environment, and without what looks like one."""
    for secret in sorted(_secrets(keys), key=len, reverse=True):
        text = text.replace(secret, "[key]")
    return _LOOKS_LIKE_A_KEY.sub("[key]", text)


def excerpt(text: str, most: int, *keys: str) -> str:
    """The beginning of a text, at most `most` characters, free of keys also where it is cut."""
    reach = most + LONGEST_KEY
    if len(text) <= reach:
        return without_keys(text, *keys)[:most]
    # What the cut may have halved stands at the very end, and goes.
    return without_keys(text[:reach], *keys)[:-LONGEST_KEY][:most]


def _secrets(keys: tuple[str, ...]) -> set[str]:
    found = {value.strip() for name, value in os.environ.items() if name.upper().endswith(_NAMES_OF_SECRETS)}
    plain = {value for value in found if len(value) >= _LEAST_SECRET} | {key for key in keys if key}
    # A provider may send a key back inside JSON or a URL.
    return plain | {json.dumps(value)[1:-1] for value in plain} | {quote(value, safe="") for value in plain}
