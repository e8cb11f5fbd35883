"""Keys: read when a request needs one, and cut out of every text that a provider or a library sends back.

Nothing here stores, prints or logs a key, and no failure that it tells of names more than the variable.
"""

from __future__ import annotations

import json
import os
from urllib.parse import quote

from am_studio.foundation.errors import StudioError
from am_studio.foundation.key_patterns import LOOKS_LIKE_A_KEY
from am_studio.foundation.settings import kept_secrets, secret
from am_studio.models.catalog import PROVIDERS
from am_studio.records import ModelFailure, ModelSettings

LONGEST_KEY = 8192
"""Characters; nothing longer is taken as a key, so that a text can be cut without leaving half of one."""
_LEAST_SECRET = 8
_SENT_AS_KEYS = ("_KEY", "HF_TOKEN")
"""How the names of variables end whose value is sent as it stands, and not used to get a key with."""
_NAMES_OF_SECRETS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def key_of(settings: ModelSettings) -> str | ModelFailure:
    """The key to send for this model, as it stands at this moment; "" when its client finds the key by itself or needs none.

    The one that the settings of the model name, from the environment or from the user's settings file. Where they name
    none, the file's key for the provider, under the variable's usual name; never for an endpoint, which gets only what is
    named for it. An `authentication` failure when there is no such key, or what there is cannot be sent as one.
    """
    name = settings.key_env
    try:
        key = secret(name).strip() if name else "" if settings.endpoint else _usual_key(settings)
    except StudioError as error:
        return ModelFailure("authentication", " ".join(str(error).split()))
    if name and not key:
        return ModelFailure(
            "authentication",
            f"The environment variable {name}, which should hold the key, is not set, and your settings hold no such key.",
        )
    if not _can_be_sent(key):
        return ModelFailure(
            "authentication", f"{name or 'The provider key of your settings'} holds something that is not a key."
        )
    return key


def without_keys(text: str, *keys: str) -> str:
    """The text without these keys, those of the environment and of the settings file, and without what looks like one."""
    for known in sorted(_secrets(keys), key=len, reverse=True):
        text = text.replace(known, "[key]")
    return LOOKS_LIKE_A_KEY.sub("[key]", text)


def excerpt(text: str, most: int, *keys: str) -> str:
    """The beginning of a text, at most `most` characters, free of keys also where it is cut."""
    reach = most + LONGEST_KEY
    if len(text) <= reach:
        return without_keys(text, *keys)[:most]
    # What the cut may have halved stands at the very end, and goes.
    return without_keys(text[:reach], *keys)[:-LONGEST_KEY][:most]


def _usual_key(settings: ModelSettings) -> str:
    """The settings file's key for a model's provider; "" where there is none, or the environment has one for the client."""
    provider = settings.name.partition("/")[0] if "/" in settings.name else "openai"
    known = next((each for each in PROVIDERS if each.prefix == provider), None)
    usual = (known.needs or ((),))[0] if known is not None else (f"{provider.upper()}_API_KEY",)
    if any(os.environ.get(name) for name in usual):
        return ""
    kept = (secret(name).strip() for name in usual if name.endswith(_SENT_AS_KEYS))
    return next(filter(None, kept), "")


def _can_be_sent(key: str) -> bool:
    return not key or (key.isascii() and key.isprintable() and len(key) <= LONGEST_KEY)


def _secrets(keys: tuple[str, ...]) -> set[str]:
    found = {value.strip() for name, value in os.environ.items() if name.upper().endswith(_NAMES_OF_SECRETS)}
    found |= set(kept_secrets())
    plain = {value for value in found if len(value) >= _LEAST_SECRET} | {key for key in keys if key}
    # A provider may send a key back inside JSON or a URL.
    return plain | {json.dumps(value)[1:-1] for value in plain} | {quote(value, safe="") for value in plain}
