"""Strangers' text as the source of a template that renders to exactly that text."""

from __future__ import annotations

import re

_OPENS = re.compile(r"\{[{%#]")


def as_template(text: str) -> str:
    """The source of a template that says just this: what would open a tag is spelled as a text of its own."""
    return _OPENS.sub(lambda match: '{{ "' + match[0] + '" }}', text)
