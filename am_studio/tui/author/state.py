"""What the author screen shows, as plain records made from the draft, the choices and the flags. Draws nothing.

The screen keeps one `Asked` (what the author is looking at) and one `Shown` (what came of it last); after every change it
asks `show` for the next `Shown`. While the texts do not parse, rows still come from their files and the prompt stays old.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from am_studio.foundation.errors import Problem
from am_studio.records import Mail, Person, Prompt, Variant
from am_studio.scenarios.loading import Draft
from am_studio.scenarios.model import Detail, Email
from am_studio.scenarios.prompt_diff import changed_details, prompt_hunks
from am_studio.scenarios.scenario import Scenario
from am_studio.tui.author import live, preview
from am_studio.tui.author.completion import Vocabulary, vocabulary_of
from am_studio.tui.author.marks import Mark, marks_of
from am_studio.tui.author.preview import Line

MAIN_TEXTS = {"system.md": "system prompt", "task.md": "task", "scenario.yaml": "scenario.yaml"}
"""The files that are no emails, in the order of the list, and what they are called there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the author is looking at."""

    file: str = "system.md"
    """The selected text, by its file's name."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """Levels of the previewed variant that are not the scenario's defaults."""
    show_off: bool = False
    """Whether the preview also shows, struck through, what the variant does not have."""
    show_diff: bool = False
    """Whether the preview shows what the variant changes against the defaults, instead of the prompt."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One text in the list."""

    file: str
    who: str
    """The sender as shown; for a text that is no email what it is called."""
    subject: str = ""
    sent: str = ""
    details: tuple[str, ...] = ()
    """The details that touch it."""
    off: bool = False
    """Not in the previewed variant."""
    unread: bool = False
    """It cannot be read as an email at the moment."""
    errors: int = 0
    findings: int = 0
    """What the lint objects to in it and nobody keeps by a reason."""


@dataclass(frozen=True, slots=True)
class DetailRow:
    """One detail in the panel."""

    name: str
    mark: Mark
    label: str
    group: str
    hypothesis: str
    levels: tuple[str, ...]
    level: str
    """In the previewed variant."""
    chosen: str
    """What was chosen; another level than `level` only where `needs` turned the detail off."""
    default: str
    off: str
    characters: int
    """How much of the current prompt it governs."""
    needs: str

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off, with no other level."""
        return self.levels == ("on", "off")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the screen shows."""

    scenario: Scenario | None = None
    """The last one that could be rendered."""
    variant: Variant | None = None
    prompt: Prompt | None = None
    lines: tuple[Line, ...] = ()
    """The preview, ready to be wrapped."""
    inbox: tuple[InboxRow, ...] = ()
    details: tuple[DetailRow, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)
    words: Vocabulary = field(default_factory=Vocabulary)
    current: bool = False
    """Whether the prompt is that of the texts as they stand; False while they do not parse."""
    allowed: bool = True
    """Whether the scenario's constraints allow the variant."""
    tokens: int = 0
    """An estimate of what the prompt costs a trial: characters / 4."""


def show(draft: Draft, asked: Asked, before: Shown | None = None, problems: Sequence[Problem] = ()) -> Shown:
    """What is to be seen now; where the texts cannot be rendered, the prompt and the details of `before`.

    `problems` are those of the last check; what cannot even be read is known without one.
    """
    scenario = live.tentative(draft, before.scenario if before else None)
    with_off = asked.show_off and not asked.show_diff
    made = live.rendered(scenario, asked.choices, with_off=with_off, with_base=asked.show_diff) if scenario else None
    if scenario is None or made is None:
        old = replace(before or Shown(), current=False)
        return replace(old, inbox=inbox_rows(old, draft, problems))
    marks = marks_of(scenario.details)
    shown = Shown(
        scenario,
        made.variant,
        made.prompt,
        _lines(scenario, made, marks),
        (),
        detail_rows(scenario, made.variant, made.prompt, asked.choices, marks),
        marks,
        vocabulary_of(scenario.parts),
        True,
        made.allowed,
        preview.tokens(made.prompt),
    )
    return replace(shown, inbox=inbox_rows(shown, draft, problems, made.mail))


def _lines(scenario: Scenario, made: live.Rendered, marks: Mapping[str, Mark]) -> tuple[Line, ...]:
    if made.base is None:
        return preview.prompt_lines(made.prompt)
    hunks = prompt_hunks(made.base, made.prompt, changed_details(scenario.defaults(), made.variant))
    return preview.diff_lines(hunks, marks) or (
        preview.heading("This variant reads like the scenario's defaults."),
        preview.heading("Change a detail, and its changes show here."),
    )


# The list of texts. --------------------------------------------------------------------------------------------------


def inbox_rows(
    shown: Shown, draft: Draft, problems: Sequence[Problem] = (), mail: Iterable[Mail] = ()
) -> tuple[InboxRow, ...]:
    """A row for the system prompt, the task, the scenario's own file, and each email in the order of the inbox."""
    touched = shown.scenario.renderer.text_units() if shown.scenario and shown.current else {}
    records = {email.id: email for email in mail}
    errors = _errors_by_file({*draft.problems, *problems})
    rows = [
        InboxRow(name, told, details=touched.get(name, ()), errors=errors.get(name, 0))
        for name, told in MAIN_TEXTS.items()
    ]
    emails = draft.parts.emails if draft.parts is not None else ()
    for email in emails:
        rows.append(_email_row(email, records.get(email.id), touched, errors))
    if not shown.current:
        old = {row.file: row for row in shown.inbox}
        rows = [replace(old.get(row.file, row), errors=row.errors, unread=False) for row in rows]
    listed = {row.file for row in rows}
    places = {row.file: index for index, row in enumerate(shown.inbox)}
    for name in sorted(set(draft.texts) - listed, key=lambda name: places.get(name, len(places))):
        # An email keeps its place while its author is in the middle of a tag.
        row = shown.inbox[places[name]] if name in places else InboxRow(name, Path(name).stem, "cannot be read")
        rows.insert(places.get(name, len(rows)), replace(row, unread=True, errors=errors.get(name, 0)))
    return tuple(rows)


def _email_row(
    email: Email, mail: Mail | None, touched: Mapping[str, tuple[str, ...]], errors: Mapping[str, int]
) -> InboxRow:
    return InboxRow(
        email.file,
        mail.sender.partition(" <")[0] if mail else _written(email, "from"),
        mail.subject if mail else _written(email, "subject"),
        email.sent,
        touched.get(email.id, ()),
        mail is None and bool(touched),
        errors=errors.get(email.file, 0),
    )


def _written(email: Email, name: str) -> str:
    """A header as its author wrote it, people by their names."""
    header = email.headers.get(name)
    values = header.values if header is not None else ()
    return ", ".join(value.name if isinstance(value, Person) else value.source for value in values)


def _errors_by_file(problems: Iterable[Problem]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for problem in problems:
        if problem.severity == "error":
            counts[problem.place.file] = counts.get(problem.place.file, 0) + 1
    return counts


# The panel of details. -----------------------------------------------------------------------------------------------


def detail_rows(
    scenario: Scenario, variant: Variant, prompt: Prompt, choices: Mapping[str, str], marks: Mapping[str, Mark]
) -> tuple[DetailRow, ...]:
    """A row for every detail, those of a group together, groups in the order in which they first appear."""
    levels, governed = variant.as_dict(), preview.governed(prompt)
    groups = dict.fromkeys(detail.group for detail in scenario.details.values())
    rows = [
        _detail_row(detail, levels[detail.name], choices, marks, governed.get(detail.name, 0))
        for detail in scenario.details.values()
    ]
    return tuple(row for group in groups for row in rows if row.group == group)


def _detail_row(
    detail: Detail, level: str, choices: Mapping[str, str], marks: Mapping[str, Mark], characters: int
) -> DetailRow:
    chosen = choices.get(detail.name, detail.default)
    return DetailRow(
        detail.name,
        marks[detail.name],
        detail.label,
        detail.group,
        detail.hypothesis,
        detail.levels,
        level,
        chosen if chosen in detail.levels else detail.default,
        detail.default,
        detail.off,
        characters,
        detail.needs_source,
    )


def stepped(row: DetailRow, step: int = 1) -> str:
    """The level that follows the chosen one (or comes before it, with -1), round and round."""
    return row.levels[(row.levels.index(row.chosen) + step) % len(row.levels)]


def chose(asked: Asked, row: DetailRow, level: str) -> Asked:
    """The same with this detail at a level; a level that is the default is no choice."""
    choices = {name: chosen for name, chosen in asked.choices.items() if name != row.name}
    if level != row.default:
        choices[row.name] = level
    return replace(asked, choices=choices)


def neighbour(rows: tuple[InboxRow, ...], file: str) -> str:
    """The row to select when a file's row goes away: the one after it, else the one before."""
    files = [row.file for row in rows]
    if file not in files:
        return files[0] if files else ""
    index = files.index(file)
    others = files[index + 1 : index + 2] or files[max(index - 1, 0) : index]
    return others[0] if others else ""


def problem_order(file: str) -> Callable[[Problem], tuple[bool, bool, Problem]]:
    """Sorts problems for the list: errors first, and those of the text at hand before the others."""
    return lambda problem: (problem.severity != "error", problem.place.file != file, problem)
