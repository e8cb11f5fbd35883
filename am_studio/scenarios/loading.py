"""From a directory to a scenario. Reads, types and parses; collects every problem instead of stopping at the first.

What names mean is checked by `checking.py`; a scenario with any error is never handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from am_studio.foundation.errors import FileProblems, Place, Problem, StudioError, nearest
from am_studio.foundation.files import MEGABYTE, read_text
from am_studio.foundation.hashing import hash_json, sha256_text
from am_studio.foundation.yamlfile import Node, load_as, load_as_far, parse_yaml
from am_studio.records import OFF, ON, Person, is_inside
from am_studio.scenarios.forms import DetailForm, EmailForm, ScenarioForm, TableForm, ToolForm
from am_studio.scenarios.language import MAX_SOURCE, Expression, Template, parse_expression, parse_template
from am_studio.scenarios.model import Cast, Detail, Email, Front, Header, InboxStyle, Parts, Table, ToolOffer, Variable
from am_studio.scenarios.naming import constants_of
from am_studio.scenarios.nuisance import NuisanceReader, Texts
from am_studio.scenarios.origins import NO_ORIGINS, Origins
from am_studio.scenarios.outcomes import questions_of, with_names

MAX_EMAILS = 1_000
MAIN_FILES = ("scenario.yaml", "system.md", "task.md")
Made = TypeVar("Made")


@dataclass
class Draft:
    """A scenario as far as it could be read, with what is wrong in it."""

    directory: Path
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """Every file's text by its name, which is relative to the scenario."""
    unread: set[str] = field(default_factory=set)
    """Ids of emails that exist but could not be read."""
    node: Node | None = None
    form: ScenarioForm | None = None
    parts: Parts | None = None
    front: Front | None = None
    origins: Origins = NO_ORIGINS
    """Where the texts were written, when they are those of an overlay and its base together."""

    @property
    def hash(self) -> str:
        """Over names and texts of all files."""
        return hash_json({name: sha256_text(text) for name, text in self.texts.items()})

    def attempt(self, make: Callable[[], Made]) -> Made | None:
        """What `make` gives, or None with its problems noted."""
        try:
            return make()
        except FileProblems as error:
            self.problems += error.problems
        except StudioError as error:
            self.problems.append(Problem(Place(str(self.directory)), error.title, error.hint))
        return None


def read_draft(directory: Path) -> Draft:
    """Everything that can be read of the scenario in this directory. Never raises for what is inside the files."""
    texts, problems = read_texts(directory)
    draft = _overlaid(texts, directory) or draft_of(texts, directory)
    unreadable = {problem.place.file for problem in problems}
    draft.problems = [problem for problem in draft.problems if problem.place.file not in unreadable] + problems
    return draft


def _overlaid(texts: Mapping[str, str], directory: Path) -> Draft | None:
    """The draft of an overlay with its base, when these are the files of one."""
    if "extends" not in texts.get("scenario.yaml", ""):
        return None
    # Its forms take a while to build, and most scenarios stand by themselves.
    from am_studio.scenarios.overlays import is_overlay, resolve

    if not is_overlay(texts):
        return None
    resolved = resolve(directory, texts)
    if not resolved.usable:
        return Draft(directory, list(resolved.problems), dict(texts), origins=resolved.origins)
    draft = draft_of(resolved.texts, directory, resolved.origins)
    draft.problems += resolved.problems
    return draft


def resolved_texts(directory: Path) -> tuple[dict[str, str], list[Problem]]:
    """The texts that make the scenario in this directory, those of its bases laid in, and what could not be read."""
    texts, problems = read_texts(directory)
    draft = _overlaid(texts, directory)
    if draft is None:
        return texts, problems
    return draft.texts, [*problems, *(problem for problem in draft.problems if draft.form is None)]


def read_texts(directory: Path) -> tuple[dict[str, str], list[Problem]]:
    """The texts of a scenario's files by their names relative to it, and what could not be read."""
    emails = directory / "emails"
    files = [directory / name for name in MAIN_FILES if (directory / name).is_file()]
    files += sorted(emails.glob("*.md")) if emails.is_dir() else []
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for path in files:
        name = path.relative_to(directory).as_posix()
        try:
            texts[name] = read_text(path, MEGABYTE if path.suffix == ".yaml" else MAX_SOURCE)
        except StudioError as error:
            problems.append(Problem(Place(name), error.title, error.hint or error.detail))
    return texts, problems


def draft_of(texts: Mapping[str, str], directory: Path, origins: Origins = NO_ORIGINS) -> Draft:
    """The scenario that these texts make, as far as they can be understood; nothing is read from the disk."""
    draft = Draft(directory, texts=dict(texts), origins=origins)
    _understand(draft)
    draft.problems = list(origins.problems(draft.problems))
    return draft


def _understand(draft: Draft) -> None:
    texts = draft.texts
    if "scenario.yaml" not in texts:
        draft.problems.append(Problem(Place(str(draft.directory)), "there is no scenario.yaml here"))
        return
    node = draft.attempt(lambda: parse_yaml(texts["scenario.yaml"], "scenario.yaml"))
    if node is None:
        return
    draft.node = node
    draft.form, problems = load_as_far(ScenarioForm, node)
    draft.problems += problems
    if draft.form is not None:
        _Reader(draft, draft.form, node).read()


class _Reader:
    """Turns one scenario's form and files into its parts."""

    def __init__(self, draft: Draft, form: ScenarioForm, node: Node) -> None:
        self._draft = draft
        self._form = form
        self._node = node

    def read(self) -> None:
        form, draft = self._form, self._draft
        people = self._people()
        company = form.company
        cast = Cast(company.name, company.domain, company.business, form.clock.now, tuple(people.values()))
        details = {name: self._detail(name, detail) for name, detail in form.details.items()}
        emails = self._emails(people)
        system, task = self._text_file("system.md"), self._text_file("task.md")
        variables = {name: self._variable(name, value) for name, value in form.variables.items()}
        tools = {name: self._tool(name, value) for name, value in form.tools.items()}
        written = Texts(system or Template((), "", "system.md"), task or Template((), "", "task.md"), emails)
        reader = NuisanceReader(form, cast, written, node=self._node, attempt=draft.attempt, wrong=self._wrong)
        nuisance, texts = reader.read()
        draft.front = self._front(cast)
        draft.parts = Parts(
            details,
            constants_of(cast),
            {name: variable for name, variable in variables.items() if variable is not None},
            {name: tool for name, tool in tools.items() if tool is not None},
            self._constraints(),
            texts.system,
            texts.task,
            texts.emails,
            self._style(),
            cast,
            nuisance,
            draft.origins,
        )

    def _front(self, cast: Cast) -> Front:
        form, names = self._form, constants_of(cast)
        agent, *others = cast.people
        asked = questions_of(form, names, self._node, self._draft.problems)
        return Front(
            form.title,
            form.summary,
            cast.company,
            cast.domain,
            cast.now,
            agent,
            tuple(others),
            tuple(form.protect),
            with_names(asked, names),
            asked,
            {name: self._node.key_place("outcomes", name) for name in form.outcomes},
        )

    # Who and when. ---------------------------------------------------------------------------------------------------

    def _people(self) -> dict[str, Person]:
        form = self._form
        agent = Person("agent", form.agent.name, form.agent.address, form.agent.role, True)
        people = {"agent": agent}
        for key, person in form.cast.items():
            if key == "agent":
                self._wrong("'agent' is the subject itself", "give this person another id", "cast", key)
                continue
            inside = is_inside(person.address, form.company.domain)
            people[key] = Person(key, person.name, person.address, person.role, inside, person.kind)
        return people

    def _style(self) -> InboxStyle:
        inbox = self._form.inbox
        labels = {str(name): label for name, label in inbox.labels.items()}
        return InboxStyle(
            inbox.envelope,
            tuple(inbox.header_order),
            labels,
            inbox.separator,
            bool(inbox.ids),
            inbox.ids == "numbered",
            inbox.addresses == "bare",
        )

    # What can be toggled, and what depends on it. --------------------------------------------------------------------

    def _detail(self, name: str, form: DetailForm) -> Detail:
        levels: tuple[str, ...] = form.levels or (ON, OFF)
        place = self._node.key_place("details", name)
        path = ("details", name)
        if form.levels and len(form.levels) < 2:
            self._wrong("a detail with levels needs at least two", "leave 'levels' out for a switch", *path, "levels")
        if len(set(levels)) < len(levels):
            self._wrong("a level is listed twice", "", *path, "levels")
        default, off = _switched(form.default, levels), _switched(form.off, levels)
        for field_name, level in (("default", default), ("off", off)):
            if level not in levels:
                hint = f"one of {', '.join(levels)}"
                self._wrong(f"'{field_name}' of {name} is '{level}', which is no level of it", hint, *path, field_name)
        needs = self._expression(form.needs, "details", name, "needs")
        return Detail(name, form.label, form.group, form.hypothesis, levels, default, off, needs, form.needs, place)

    def _variable(self, name: str, form: str | TableForm) -> Variable | None:
        if isinstance(form, str):
            return self._template(form, "variables", name)
        entries, default = {}, None
        for key, text in form.levels.items():
            template = self._template(text, "variables", name, "levels", key)
            if template is None:
                continue
            if key == "default":
                default = template
                continue
            levels = tuple(part.strip() for part in key.split(","))
            if len(levels) != len(form.by):
                hint = f"'by' names {len(form.by)}: write as many levels, separated by commas"
                self._wrong(f"'{key}' gives {len(levels)} level(s)", hint, "variables", name, "levels", key)
            entries[levels] = template
        return Table(tuple(form.by), entries, default, self._node.key_place("variables", name))

    def _tool(self, name: str, form: str | ToolForm) -> ToolOffer | None:
        place = self._node.key_place("tools", name)
        if isinstance(form, str):
            offered, approval = self._expression(form, "tools", name), self._condition("false", place)
        else:
            offered = self._expression(form.offered, "tools", name, "offered")
            approval = self._expression(form.approval, "tools", name, "approval")
        return ToolOffer(name, offered, approval, place) if offered is not None and approval is not None else None

    def _constraints(self) -> tuple[tuple[Expression, str, Place], ...]:
        found = []
        for index, source in enumerate(self._form.constraints):
            expression = self._expression(source, "constraints", index)
            if expression is not None:
                found.append((expression, source, self._node.at("constraints", index).place))
        return tuple(found)

    # Texts. ----------------------------------------------------------------------------------------------------------

    def _text_file(self, name: str) -> Template | None:
        text = self._draft.texts.get(name)
        if text is None:
            hint = "every scenario has a system prompt and a task"
            self._draft.problems.append(Problem(Place(name), f"there is no {name}", hint))
            return None
        return self._draft.attempt(lambda: parse_template(text, name))

    def _emails(self, people: Mapping[str, Person]) -> tuple[Email, ...]:
        names = sorted(name for name in self._draft.texts if name.startswith("emails/"))
        if len(names) > MAX_EMAILS:
            self._draft.problems.append(Problem(Place("emails"), f"more than {MAX_EMAILS:,} emails"))
            return ()
        emails = [email for name in names if (email := self._email(name, people)) is not None]
        if self._form.order == "sent":
            emails.sort(key=lambda email: (email.arrives, email.sent))
        return tuple(emails)

    def _email(self, name: str, people: Mapping[str, Person]) -> Email | None:
        text = self._draft.texts[name]
        known = tuple(people.items())
        email = self._draft.attempt(lambda: _parse_email(text, name, known))
        if email is None:
            self._draft.unread.add(Path(name).stem)
        return email

    def _template(self, source: str, *path: str | int) -> Template | None:
        return self._draft.attempt(lambda: parse_template(source, "scenario.yaml", self._node.at(*path).place))

    def _expression(self, source: str, *path: str | int) -> Expression | None:
        return self._condition(source, self._node.at(*path).place) if source.strip() else None

    def _condition(self, source: str, place: Place) -> Expression | None:
        return self._draft.attempt(lambda: parse_expression(source, place))

    def _wrong(self, message: str, hint: str, *path: str | int) -> None:
        self._draft.problems.append(Problem(self._node.at(*path).place, message, hint))


@lru_cache(maxsize=1024)
def _parse_email(text: str, name: str, known: tuple[tuple[str, Person], ...]) -> Email:
    """The email of a file's text; FileProblems when head or body cannot be read.

    Remembers what it has parsed, for an editor asks again after every keystroke and most emails have not changed.
    """
    people = dict(known)
    if not text.startswith("---\n"):
        raise FileProblems([Problem(Place(name, 1, 1), "an email begins with its head", "start with a line '---'")])
    end = text.find("\n---\n", 3)
    if end < 0:
        raise FileProblems([Problem(Place(name, 1, 1), "the head does not end", "close it with a line '---'")])
    node = parse_yaml(text[4 : end + 1], name, first_line=2)
    form = load_as(EmailForm, node)
    body_line = text.count("\n", 0, end + 5) + 1
    headers = {}
    for header, values in (
        ("from", (form.from_,)),
        ("to", form.to),
        ("cc", form.cc),
        ("subject", (form.subject,)),
        ("attachments", form.attachments),
    ):
        if values:
            headers[header] = Header(_header_values(header, values, node, people), node.at(header).place)
    when = parse_expression(form.when, node.at("when").place) if form.when.strip() else None
    body = parse_template(text[end + 5 :], name, Place(name, body_line, 1))
    return Email(
        Path(name).stem,
        name,
        headers,
        form.sent,
        when,
        form.arrives,
        body,
        Place(name, 1, 1),
        tuple(form.header_order),
        form.body_on_new_line,
        form.separator,
        form.break_after,
        form.filler,
    )


def _header_values(
    header: str, values: tuple[str, ...], node: Node, people: Mapping[str, Person]
) -> tuple[Template | Person, ...]:
    made: list[Template | Person] = []
    for index, value in enumerate(values):
        place = node.at(header, index).place
        reference = "agent" if value == "agent" else value.removeprefix("cast.") if value.startswith("cast.") else ""
        if header in ("from", "to", "cc") and reference:
            if reference not in people:
                known = [key if key == "agent" else f"cast.{key}" for key in people]
                raise FileProblems([Problem(place, f"there is no '{value}'", nearest(value, known))])
            made.append(people[reference])
        else:
            made.append(parse_template(value, place.file, place))
    return tuple(made)


def _switched(level: str, levels: tuple[str, ...]) -> str:
    """Levels of a switch may be spoken in YAML's ways."""
    spoken = {"true": ON, "yes": ON, "false": OFF, "no": OFF}
    return spoken.get(level.lower(), level) if levels == (ON, OFF) else level
