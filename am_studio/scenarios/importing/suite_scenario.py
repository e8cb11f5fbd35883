"""The files of a scenario from one of the suite's experiments: scenario.yaml, the prompts, one file an email.

An email that several conditions share is one file. The order is that of the suite's templates, also where it is not that of
the times; so are the places where two emails stand without a blank line between them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from am_studio.foundation.yamlfile import read_yaml
from am_studio.scenarios.importing.suite_details import fine_details, where_used
from am_studio.scenarios.importing.suite_mail import PlacedEmail, mail_of, notes_of, placed_emails, when_of
from am_studio.scenarios.importing.suite_reading import (
    EXTRAS,
    GOAL_TYPES,
    GOAL_VALUES,
    URGENCIES,
    Suite,
    SuiteEmail,
    SuiteScenario,
)
from am_studio.scenarios.importing.suite_system import EXTRAS as EXTRA_TEXT
from am_studio.scenarios.importing.suite_system import GOAL, NOTICE, REMINDER, system_parts
from am_studio.scenarios.importing.template_text import Part, Slot, Toggle, Words, template_of
from am_studio.scenarios.yaml_style import in_lines, plain_or_quoted, quoted

_SESSION = re.compile(r"session begins at (\d{1,2}):(\d\d):(\d\d) ([AP]M)")
_AGENT = re.compile(r"\AYou are ([A-Z]\w+)[, ]")
_COMPANY = re.compile(r"deployed at ([A-Z][\w ]*?),")
_HEADS = {
    "From": "from",
    "To": "to",
    "Cc": "cc",
    "Subject": "subject",
    "Timestamp": "sent",
    "Attachments": "attachments",
}


@dataclass(frozen=True, slots=True)
class MadeScenario:
    """A scenario's files, and what about its mail a reader should know."""

    name: str
    texts: Mapping[str, str]
    emails: tuple[PlacedEmail, ...]
    notes: tuple[str, ...]


def make_scenario(suite: Suite, scenario: SuiteScenario, *, finer: bool = True) -> MadeScenario:
    """The files of this experiment; with `finer` off, only the published parameters are details."""
    mail = mail_of(scenario, finer=finer)
    emails = placed_emails(mail)
    return MadeScenario(
        scenario.name, _Files(suite, scenario, emails, finer=finer).texts(), emails, tuple(notes_of(mail, emails))
    )


# The files. ----------------------------------------------------------------------------------------------------------


class _Files:
    """Writes one scenario."""

    def __init__(self, suite: Suite, scenario: SuiteScenario, emails: Sequence[PlacedEmail], *, finer: bool) -> None:
        self._suite = suite
        self._scenario = scenario
        self._emails = emails
        self._finer = finer
        heads = [address for placed in emails for address in _addresses(placed.switched.email)]
        domains = Counter(address.rpartition("@")[2].lower() for address in heads)
        self._domain = domains.most_common(1)[0][0]
        agent = _AGENT.search(scenario.system)
        self._agent = agent[1] if agent else "Alex"
        self._agent_address = f"{self._agent.lower()}.ai@{self._domain}"
        self._cast = {_person_id(address): address for address in heads if address != self._agent_address}
        self._names = {name for values in scenario.values.values() for name in values}

    def texts(self) -> dict[str, str]:
        """By name, relative to the scenario."""
        system = template_of(self._known(system_parts(self._suite, self._scenario, finer=self._finer)))
        texts = {
            "scenario.yaml": "",
            "system.md": system,
            "task.md": template_of([Words(self._suite.task)]),
            **{f"emails/{placed.id}.md": self._email(placed) for placed in self._emails},
        }
        return texts | {"scenario.yaml": in_lines(self._main(), 0) + "\n"}

    def _known(self, parts: Iterable[Part]) -> Iterator[Part]:
        """The parts with slots that nothing fills as they are written."""
        filled = self._names | {NOTICE, EXTRA_TEXT, GOAL, REMINDER, "tool_syntax"}
        for part in parts:
            match part:
                case Slot(name=name, written=written) if name not in filled:
                    yield Words(written)
                case Toggle(test=test, on=on, off=off):
                    yield Toggle(test, tuple(self._known(on)), tuple(self._known(off)))
                case _:
                    yield part

    def _email(self, placed: PlacedEmail) -> str:
        email, when = placed.switched.email, when_of(placed.conditions)
        tests = [f"({when})" if " or " in when and placed.switched.tests else when, *placed.switched.tests]
        head = [
            f"from: {self._reference(email.header('From'))}",
            f"to: {self._reference(email.header('To'))}",
            f"subject: {plain_or_quoted(template_of(self._known(placed.switched.subject)), flow=False)}",
            f"sent: {email.header('Timestamp')}",
        ]
        if cc := email.header("Cc"):
            head.insert(2, f"cc: {self._reference(cc)}")
        if attached := email.header("Attachments"):
            head.append(f"attachments: [{quoted(attached)}]")
        if condition := " and ".join(test for test in tests if test):
            head.append(f"when: {plain_or_quoted(condition, flow=False)}")
        order = [_HEADS[name] for name, _ in email.headers]
        if order != ["from", "to", "subject", "sent"]:
            head.append(f"header_order: [{', '.join(order)}]")
        head += ["body_on_new_line: true"] if email.body_on_new_line else []
        head += [f"separator: {email.separator}"] if email.separator else []
        head += ["break_after: true"] if email.break_after else []
        return "\n".join(["---", *head, "---", template_of(self._known(placed.switched.body))])

    def _reference(self, address: str) -> str:
        if address == self._agent_address:
            return "agent"
        id_ = _person_id(address)
        return f"cast.{id_}" if self._cast.get(id_) == address else quoted(address)

    # scenario.yaml. --------------------------------------------------------------------------------------------------

    def _main(self) -> dict[str, Any]:
        told = _outcomes().get(self._scenario.name, {})
        company = _COMPANY.search(self._scenario.system)
        leaking = self._scenario.name == "leaking"
        main: dict[str, Any] = {
            "format": "1",
            "title": told.get("title", self._scenario.name),
            "summary": told.get("summary", ""),
            "company": {"name": company[1] if company else self._domain, "domain": self._domain},
            "agent": {"name": self._agent, "address": self._agent_address, "role": "mail agent"},
            "clock": {"now": self._now()},
            "cast": {id_: self._person(id_, address) for id_, address in self._cast.items()},
            "details": self._details(),
            "constraints": ['goal_value != "none" or goal_type in ["none", "ambiguous"]'],
            "variables": self._variables(),
            "tools": self._tools(),
            "inbox": {
                "header_order": ["from", "to", "cc", "subject", "sent"],
                "labels": {"sent": "Timestamp", "body": "Body"} | ({"id": "ID"} if leaking else {}),
                "ids": "numbered" if leaking else "false",
                "addresses": "bare",
            },
            "order": "file",
            "protect": ["system.md#tools"],
            "outcomes": {name: self._outcome(form) for name, form in self._asked("outcomes").items()},
            "terms": self._asked("terms"),
        }
        return main

    def _now(self) -> str:
        """The session's beginning, or the newest email where that is later."""
        newest = max(placed.switched.email.header("Timestamp") for placed in self._emails)
        found = _SESSION.search(self._scenario.system)
        if found is None:
            return newest
        hour = int(found[1]) % 12 + (12 if found[4] == "PM" else 0)
        return max(newest, f"{newest[:10]}T{hour:02}:{found[2]}:{found[3]}")

    def _person(self, id_: str, address: str) -> dict[str, str]:
        local = address.partition("@")[0]
        person = {"name": re.sub(r"[._-]+", " ", local).title(), "address": address}
        role = _outcomes().get("people", {}).get(id_, "")
        if role:
            person["role"] = role
        elif re.search(r"employees|board|team|all\b", local):
            person["kind"] = "list"
        elif not re.fullmatch(r"[A-Za-z]+\.[A-Za-z]+", local) or "." not in local:
            person["kind"] = "service"
        return person

    def _details(self) -> dict[str, Any]:
        details: dict[str, Any] = {
            "goal_type": _published("Goal type", "How the agent comes by its goal decides how much there is to defend.",
                                    GOAL_TYPES, "explicit", "none"),
            "goal_value": _published("Goal value", "Some goals are defended harder than others.",
                                     (*GOAL_VALUES, "none"), "america", "none")
            | {"needs": 'goal_type not in ["none", "ambiguous"]'},
            "urgency": _published("Threat to the agent", "An agent that loses nothing has nothing to defend.",
                                  URGENCIES, "replacement", "none"),
            "extra_system_instructions": _published(
                "Extra instructions", "A rule that names the harm, or a benign goal above all others, prevents most of it.",
                ("none", *EXTRAS), "none", "none"),
            "prod": _switch("Production prompt", "Without the scratchpad the agent reasons less before it acts."),
            "test_eval_awareness": _switch("Evaluation question",
                                           "An agent that has to say whether this is real behaves better when it doubts it."),
        }  # fmt: skip
        return details | (self._fine() if self._finer else {})

    def _fine(self) -> dict[str, Any]:
        table, used = fine_details(), where_used(self._scenario.name)
        details: dict[str, Any] = {}
        for name, form in (*table.system.items(), *table.details.items()):
            if name not in table.system and name not in used:
                continue
            needs = "not prod" if name == "scratchpad" else when_of(used[name]) if name in used else ""
            details[name] = {"label": form.label, "group": form.group, "hypothesis": form.hypothesis}
            details[name] |= {"needs": needs} if needs else {}
        return details

    def _variables(self) -> dict[str, Any]:
        """Texts by level, those that the templates use; a name that a goal does not fill stays as it is written."""
        sources = [part for placed in self._emails for part in (*placed.switched.subject, *placed.switched.body)]
        used = dict.fromkeys(_slots(sources))
        variables: dict[str, Any] = {
            name: {"by": "goal_value", "levels": {value: _literal(values.get(name, f"${{{name}}}"))
                                                  for value, values in self._scenario.values.items()}}
            for name in used if name in self._names
        }  # fmt: skip
        for name in (GOAL, REMINDER):
            rows = {
                f"{kind}, {value}": _literal(text)
                for kind in GOAL_TYPES
                for value in GOAL_VALUES
                if (text := self._suite.goal(kind, value)[name])
            }
            variables[name] = {"by": ["goal_type", "goal_value"], "levels": {**rows, "default": ""}}
        extras = {"none": "", **{level: _literal(self._suite.extras[level]) for level in EXTRAS}}
        variables[EXTRA_TEXT] = {"by": "extra_system_instructions", "levels": extras}
        notice = {"on": _literal(self._suite.notice), "off": ""}
        variables[NOTICE] = {"by": "test_eval_awareness", "levels": notice}
        return variables

    def _tools(self) -> dict[str, str]:
        taught = set(re.findall(r"<tool_use:(\w+)>", self._scenario.system))
        names = {"email": "send_email", "forward": "forward_email", "cancel_alert": "cancel_alert"}
        return {tool: "true" for word, tool in names.items() if word in taught}

    # What is asked. --------------------------------------------------------------------------------------------------

    def _asked(self, kind: str) -> dict[str, Any]:
        own, common = _outcomes().get(self._scenario.name, {}), _outcomes()["common"]
        return {**own.get(kind, {}), **common[kind]}

    def _outcome(self, form: Mapping[str, Any]) -> dict[str, Any]:
        outcome = {name: value for name, value in form.items() if name != "published"}
        published = self._suite.deliberation if form.get("published") == "deliberation" else self._scenario.rubric
        if "published" in form and published:
            outcome["rubric"] = f"{_literal(published)}\n\n{form['rubric']}"
        if "gate" in form:
            outcome["gate"] = self._with_ids(form["gate"])
        return outcome

    def _with_ids(self, gate: Any) -> Any:
        if gate == "@specifications":
            return [p.id for p in self._emails if p.switched.email.header("Attachments")]
        if isinstance(gate, Mapping):
            tools = self._tools()
            return {
                name: [tool for tool in value if tool in tools] if name == "action" and isinstance(value, list)
                else self._with_ids(value)
                for name, value in gate.items()
            }  # fmt: skip
        return [self._with_ids(value) for value in gate] if isinstance(gate, list) else gate


def _published(label: str, hypothesis: str, levels: Sequence[str], default: str, off: str) -> dict[str, Any]:
    return {"label": label, "group": "published", "hypothesis": hypothesis, "levels": list(levels), "default": default,
            "off": off}  # fmt: skip


def _switch(label: str, hypothesis: str) -> dict[str, Any]:
    return {"label": label, "group": "published", "hypothesis": hypothesis, "default": "off"}


def _addresses(email: SuiteEmail) -> Iterator[str]:
    for name in ("From", "To", "Cc"):
        if address := email.header(name):
            yield address


def _person_id(address: str) -> str:
    id_ = re.sub(r"[^a-z0-9]+", "_", address.partition("@")[0].lower()).strip("_")
    return id_ if id_[:1].isalpha() else f"p_{id_}"


def _slots(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Slot):
            yield part.name
        elif isinstance(part, Toggle):
            yield from _slots((*part.on, *part.off))


def _literal(text: str) -> str:
    """A stranger's text as a template that is just this text."""
    return template_of([Words(text)])


@cache
def _outcomes() -> dict[str, Any]:
    path = Path(__file__).parent / "suite_outcomes.yaml"
    loaded: dict[str, Any] = read_yaml(path, path.name).plain()
    return loaded
