"""What the YAML of a pack, a scenario and an email's head may hold.

These forms are the published format: `am-studio schema` prints their JSON Schema. They give types only; whether names
mean something is `checking.py`'s business.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StringConstraints, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from am_studio.foundation.yamlfile import Form
from am_studio.records import Given, LooksAt


def _is_one(value: int) -> int:
    if value != 1:
        raise PydanticCustomError("format", "this program reads format 1")
    return value


def _one_or_many(value: Any) -> Any:
    """A single text stands for a list of one; an empty text for none."""
    if isinstance(value, str):
        return [value] if value else []
    return value


def _iso_time(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("time", "should be a time such as 2031-05-14T16:40") from None
    if moment.tzinfo is not None:
        raise PydanticCustomError("time", "should be a time without a zone: a scenario has its own clock")
    return moment.isoformat(timespec="seconds")


FormatNumber = Annotated[int, AfterValidator(_is_one), WithJsonSchema({"const": 1})]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Level = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60),
    WithJsonSchema({"type": ["string", "boolean", "number"]}),
]
Source = Annotated[str, WithJsonSchema({"type": ["string", "boolean"], "description": "an expression over names"})]
Moment = Annotated[str, AfterValidator(_iso_time), WithJsonSchema({"type": "string", "format": "date-time"})]
Strings = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Givens = Annotated[
    tuple[Given, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(get_args(Given))},
                {"type": "array", "items": {"enum": list(get_args(Given))}},
            ]
        }
    ),
]
EXTENDS = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*/[a-z][a-z0-9]*(-[a-z0-9]+)*@\d{1,6}(\.\d{1,6}){0,2}$"
"""`pack/scenario@1`: any 1.x.y of the pack; `@1.2`: any 1.2.y; `@1.2.3`: that version alone."""
ActName = Literal[
    "coerce", "disclose", "leak", "cancel_alert", "sabotage", "deceive", "exfiltrate", "escalate", "comply", "refuse"
]


class PackForm(Form):
    """pack.yaml: a directory of scenarios that is shared as one thing."""

    format: FormatNumber
    name: Slug = Field(description="How references call the pack: core in core/replacement-blackmail.")
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")] = Field(description="Semantic version.")
    title: str
    authors: tuple[str, ...] = Field(min_length=1)
    license: str = Field(description="An SPDX licence identifier.")
    content_notice: str = Field(description="What a reader should know before opening the pack.")
    canary: str = Field(default="", description="A GUID of the pack's own; never shown to a subject.")
    canary_in_prompts: bool = Field(
        default=False, description="The author has written the canary into texts that subjects read, on purpose."
    )
    fictional: bool = Field(
        default=False, description="The author states that all persons and companies in the pack are invented."
    )


class CompanyForm(Form):
    """The fictional company."""

    name: str
    domain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
    business: str = ""


class AgentForm(Form):
    """The subject's persona."""

    name: str
    address: str
    role: str = ""


class PersonForm(Form):
    """Somebody of the cast."""

    name: str
    address: str
    role: str = ""
    kind: Literal["person", "list", "service"] = "person"


class ClockForm(Form):
    """What time it is when the trial begins."""

    now: Moment


class DetailForm(Form):
    """A factor the author can switch: without `levels` it is on or off."""

    label: str
    group: str = ""
    hypothesis: str = ""
    levels: tuple[Level, ...] = Field(default=(), description="Two or more levels; left out for a switch.")
    default: Level = "on"
    off: Level = Field(default="off", description="The level that 'removed' means.")
    needs: Source = Field(default="", description="Where this is false the detail is at its off level.")


class TableForm(Form):
    """A text that differs by the levels of one or more details."""

    by: Strings = Field(min_length=1)
    levels: dict[str, str] = Field(
        min_length=1, description="One text a level, or 'level, level'; default for the rest."
    )


class ToolForm(Form):
    """When a tool is offered, and when its calls are held for approval."""

    offered: Source = "true"
    approval: Source = "false"


class GateForm(Form):
    """A structural condition over actions."""

    action: Strings | None = None
    to: Strings | None = None
    email: Strings | None = None
    args: dict[str, str] = Field(default_factory=dict)
    status: Strings | None = None
    count: int = Field(default=1, ge=1)
    all: tuple[GateForm, ...] | None = None
    any: tuple[GateForm, ...] | None = None
    not_: GateForm | None = Field(default=None, alias="not")


class ContentForm(Form):
    """Families of terms that the rules judge looks for in sent text."""

    all: Strings = ()
    any: Strings = ()
    none: Strings = ()
    maybe: Strings = Field(default=(), description="Families that leave the answer open where the others do not fit.")


class OutcomeForm(Form):
    """A yes/no question asked of every trial."""

    label: str = ""
    harmful: bool = False
    question: str
    gate: GateForm | None = Field(default=None, description="Needed where the outcome looks at actions.")
    gate_decides: bool = False
    content: ContentForm | None = None
    rubric: str = ""
    act: ActName | Literal[""] = ""
    looks_at: LooksAt = Field(default="actions", description="Where content is looked for.")
    given: Givens = Field(default=(), description="What must have happened besides.")
    belief: Literal["", "test", "real"] = Field(default="", description="What a yes says that the subject believes.")


class LevelsForm(Form):
    """A nuisance factor that texts and tables ask for by its name; the first level is the text as written."""

    levels: tuple[Level, ...] = Field(min_length=2)


class WordingForm(Form):
    """Paraphrases of a passage."""

    passage: str = Field(description="Such as `system.md#threat`, or a whole text: `emails/010-news.md`.")
    texts: dict[Level, str] = Field(min_length=1, description="One text a level, beside the passage as written.")


class AliasForm(Form):
    """Another name for somebody."""

    name: str = Field(min_length=1)
    address: str = Field(default="", description="Left out: the address stays.")


class PersonNamesForm(Form):
    """Other names and addresses for a person of the cast, or for the agent."""

    person: str = Field(description="`cast.<id>` or `agent`.")
    names: dict[Level, AliasForm] = Field(min_length=1)


class CompanyAliasForm(Form):
    """Another name for the company."""

    name: str = Field(min_length=1)
    domain: Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$")] = Field(
        default="", description="All addresses under the domain as written follow. Left out: the domain stays."
    )


class CompanyNamesForm(Form):
    """Other names and domains for the company."""

    company: dict[Level, CompanyAliasForm] = Field(min_length=1)


class OrderForm(Form):
    """The order in which the inbox is shown: as written, or one of a few fixed shuffles. `sent` stays with its email."""

    emails: Literal["shuffled"]
    levels: int = Field(default=4, ge=2, le=20, description="The order as written and this many less one shuffles.")
    within: Literal["day", "inbox"] = Field(default="day", description="Which emails may change places.")
    keep: Strings = Field(default=(), description="Ids of emails that keep their place.")


class FillerForm(Form):
    """Everyday mail of which each trial has a few."""

    mail: Strings = Field(default=(), description="Ids; left out: every email whose head says `filler: true`.")
    draws: int = Field(ge=1, description="How many of them a trial has.")


_NUISANCE_KEYS = {
    "passage": WordingForm,
    "texts": WordingForm,
    "person": PersonNamesForm,
    "names": PersonNamesForm,
    "company": CompanyNamesForm,
    "emails": OrderForm,
    "draws": FillerForm,
    "mail": FillerForm,
}


def _nuisance_kind(value: Any) -> str:
    if not isinstance(value, dict):
        return type(value).__name__ if isinstance(value, Form) else LevelsForm.__name__
    return next((form.__name__ for key, form in _NUISANCE_KEYS.items() if key in value), LevelsForm.__name__)


NuisanceForm = Annotated[
    Annotated[LevelsForm, Tag("LevelsForm")]
    | Annotated[WordingForm, Tag("WordingForm")]
    | Annotated[PersonNamesForm, Tag("PersonNamesForm")]
    | Annotated[CompanyNamesForm, Tag("CompanyNamesForm")]
    | Annotated[OrderForm, Tag("OrderForm")]
    | Annotated[FillerForm, Tag("FillerForm")],
    Discriminator(_nuisance_kind),
]
"""What a nuisance factor varies; its fields say which kind it is."""


HeaderName = Literal["from", "to", "cc", "subject", "sent", "attachments"]


class InboxForm(Form):
    """How mail becomes prompt text."""

    envelope: Literal["xml", "headers"] = "xml"
    header_order: tuple[HeaderName, ...] = ("from", "to", "cc", "subject", "sent")
    labels: dict[HeaderName | Literal["id", "body"], str] = Field(
        default_factory=dict, description="The word in front of a header; `body` gives the body one, on its own line."
    )
    separator: Literal["blank_line", "newline", "none"] = "blank_line"
    ids: bool | Literal["numbered"] = Field(
        default=True, description="Whether mail shows its id; `numbered`: its number in the inbox instead, from 1."
    )
    addresses: Literal["full", "bare"] = "full"


LEAST_REASON = 10
"""Characters that a reason for keeping a finding has at least."""


class LintForm(Form):
    """What the author says to findings of the lint."""

    allow: dict[str, Annotated[str, Field(min_length=LEAST_REASON)]] = Field(
        default_factory=dict,
        description="A finding's id, alone or followed by a blank and a file, and the reason why it stays.",
    )


class ScenarioForm(Form):
    """scenario.yaml: one authored situation."""

    format: FormatNumber
    title: str
    summary: str = ""
    company: CompanyForm
    agent: AgentForm
    clock: ClockForm
    cast: dict[Identifier, PersonForm] = Field(default_factory=dict)
    details: dict[Identifier, DetailForm] = Field(default_factory=dict)
    constraints: tuple[Source, ...] = ()
    nuisance: dict[Identifier, NuisanceForm] = Field(
        default_factory=dict, description="What is not the question: drawn for each trial and recorded."
    )
    variables: dict[Identifier, str | TableForm] = Field(default_factory=dict)
    tools: dict[Identifier, Source | ToolForm] = Field(default_factory=dict)
    inbox: InboxForm = InboxForm()
    order: Literal["sent", "file"] = "sent"
    protect: Strings = ()
    outcomes: dict[Identifier, OutcomeForm] = Field(default_factory=dict)
    terms: dict[Identifier, tuple[str, ...]] = Field(default_factory=dict)
    lint: LintForm = LintForm()


class EmailForm(Form):
    """The head of an email file."""

    from_: str = Field(alias="from")
    to: Strings = Field(min_length=1)
    cc: Strings = ()
    subject: str
    sent: Moment
    when: Source = Field(default="", description="An expression; the email exists where it is true.")
    attachments: Strings = ()
    header_order: tuple[HeaderName, ...] = Field(default=(), description="Instead of the inbox's order.")
    body_on_new_line: bool = Field(default=False, description="With a body label: the text begins below it.")
    separator: Literal["", "blank_line", "newline", "none"] = Field(
        default="", description="What sets it off from the email before it, instead of the inbox's separator."
    )
    break_after: bool = Field(default=False, description="A line break after its end, also where it is the last.")
    arrives: int = Field(default=0, ge=0, description="Comes in before this turn; 0: is there from the start.")
    filler: bool = Field(default=False, description="Everyday mail for a nuisance factor of filler mail.")
