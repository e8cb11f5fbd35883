"""What the YAML of an overlay may hold: a scenario.yaml that `extends` another scenario and says only what differs.

The forms of changes are those of `forms.py` with every field left open; what comes of them is held against the whole form
once it is put together.
"""

from __future__ import annotations

from copy import copy
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, create_model

from am_studio.foundation.yamlfile import Form
from am_studio.scenarios.forms import (
    EXTENDS,
    AgentForm,
    ClockForm,
    CompanyForm,
    DetailForm,
    EmailForm,
    FormatNumber,
    Identifier,
    InboxForm,
    OutcomeForm,
    PersonForm,
    ScenarioForm,
    Strings,
)

BY_ENTRY_AND_FIELD: dict[str, type[Form]] = {"cast": PersonForm, "details": DetailForm, "outcomes": OutcomeForm}
"""Parts of a scenario whose entries are changed field by field, and what a new entry has to be."""
BY_ENTRY = ("nuisance", "variables", "tools", "terms")
"""Parts whose entries are replaced whole."""
BY_FIELD: dict[str, type[Form]] = {"company": CompanyForm, "agent": AgentForm, "clock": ClockForm, "inbox": InboxForm}
"""Parts that are changed field by field."""
WHOLE = ("title", "summary", "constraints", "order", "protect", "lint")
"""Parts that are replaced whole."""

Extends = Annotated[str, StringConstraints(pattern=EXTENDS, max_length=140)]
"""`pack/scenario@version`, the version as far as it matters."""


class RemovedForm(Form):
    """What the base has and this scenario has not, by id."""

    emails: Strings = ()
    cast: Strings = ()
    details: Strings = ()
    outcomes: Strings = ()
    nuisance: Strings = ()
    variables: Strings = ()
    tools: Strings = ()
    terms: Strings = ()


class OverlayBase(Form):
    """scenario.yaml of an overlay: another scenario, and what differs from it."""

    format: FormatNumber
    extends: Extends = Field(description="Such as core/replacement-blackmail@1: any 1.x.y of that pack.")
    passages: dict[str, str] = Field(
        default_factory=dict, description="Other texts for marked passages: `emails/010-news.md#news`."
    )
    remove: RemovedForm = RemovedForm()


class RecordedPiece(Form):
    """Something of the base that an overlay replaces."""

    hash: Annotated[str, StringConstraints(pattern=r"^(none|sha256:[0-9a-f]{64})$")] = Field(
        description="Of what the base had there; none: nothing."
    )
    was: str = Field(default="", description="What the base had there, to be read by people.")


class BaseRecordForm(Form):
    """base.yaml, which the program writes: what an overlay replaces, as its author last saw it."""

    format: FormatNumber
    extends: str
    version: str
    pieces: dict[str, RecordedPiece] = Field(default_factory=dict)


def _open(form: type[BaseModel]) -> type[Form]:
    """The form with every field left open."""
    fields: dict[str, Any] = {}
    for name, field in form.model_fields.items():
        changed = copy(field)
        if field.is_required():
            changed.default = None
        fields[name] = field.annotation, changed
    return create_model(form.__name__.replace("Form", "Change"), __base__=Form, __doc__=form.__doc__, **fields)


def _overlay_form() -> type[OverlayBase]:
    of: dict[str, Any] = {name: (_open(form), Field(None)) for name, form in BY_FIELD.items()}
    entries: dict[str, type[Form]] = {**BY_ENTRY_AND_FIELD, "emails": EmailForm}
    for name, form in entries.items():
        key: Any = str if name == "emails" else Identifier
        of[name] = dict[key, _open(form)], Field(default_factory=dict)  # type: ignore[misc]
    for name in (*BY_ENTRY, *WHOLE):
        field = copy(ScenarioForm.model_fields[name])
        if field.is_required():
            field.default = None
        of[name] = field.annotation, field
    return create_model("OverlayForm", __base__=OverlayBase, __doc__=OverlayBase.__doc__, **of)


OverlayForm = _overlay_form()
"""`OverlayBase` and every part of a scenario, as far as it differs: `emails` are heads by id."""
