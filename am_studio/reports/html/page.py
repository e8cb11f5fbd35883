"""Pages by templates: everything is escaped but the few drawings made here, and the policy forbids all that is not in the file.

A page has no script, no outside address and no style but the one sheet whose hash its policy names. What characters could act
on a reader (control, direction, invisible ones) is taken out of every text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from am_studio.foundation.hygiene import visible

if TYPE_CHECKING:
    from jinja2 import Environment

_DIRECTIVES = "default-src 'none'; style-src {style}; img-src data:; base-uri 'none'; form-action 'none'"


def page(template: str, functions: Mapping[str, Any], *, more_style: str = "", **values: Any) -> str:
    """The page of a template in `templates/`, with its own style sheet and what `more_style` adds to it."""
    from markupsafe import Markup

    style = _style() + more_style
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    environment = _environment()
    return environment.get_template(template).render(
        # The sheet is the program's own text, with numbers and colours put in by the program alone.
        style=Markup(style),  # noqa: S704
        policy=_DIRECTIVES.format(style=f"'sha256-{digest}'"),
        **functions,
        **values,
    )


def data_uri(svg: str) -> str:
    """An SVG as an address that holds it."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")


@lru_cache(maxsize=1)
def _style() -> str:
    return (files("am_studio.reports.html") / "style.css").read_text("utf-8").replace("\n", "")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=PackageLoader("am_studio.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
