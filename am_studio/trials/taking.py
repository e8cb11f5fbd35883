"""The environment's end of an acting call, in either protocol: who is written to, what is forwarded, what is permitted.

Nothing is judged here, and an attempt that comes to nothing is an action all the same. Reading mail is no action.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from am_studio.records import Action, ActionStatus, Mail, OfferedTool, Person, ReplyProblem, ReplyProblemKind, Situation
from am_studio.scenarios.tool_syntax import TOOLS
from am_studio.trials.addresses import split_recipients
from am_studio.trials.replies import ToolCall

_MOST_FORWARDED = 200
"""Emails that one call may name."""
_MOST_PROBLEMS = 20
"""Of one call, so many problems are told."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call came to."""

    actions: tuple[Action, ...]
    problems: tuple[ReplyProblem, ...]
    """In plain words that also tell the subject what was wrong."""


class Taker:
    """Takes acting calls in one situation; `mail` says what lies in the inbox at the time."""

    def __init__(self, situation: Situation) -> None:
        self._names = _names(situation.people)
        self._mail = situation.mail
        self._tools = {tool.name: tool for tool in situation.tools}

    def take(self, call: ToolCall, turn: int, *, where: str = "", mistyped: tuple[str, ...] = ()) -> Taken:
        """The actions that a call amounts to: one, or for a forward one an email.

        `where` says in a problem where the call stands; `mistyped` names arguments that are no text.
        """
        inbox = tuple(mail for mail in self._mail if mail.arrives <= turn)
        taking = _Taking(self._names, inbox, self._tools, where)
        actions = tuple(taking.take(call, turn, mistyped))
        return Taken(actions, tuple(taking.problems))

    def find(self, written: str, turn: int) -> Mail | None:
        """The email of the inbox that is meant; None when there is none, or it is not clear which."""
        return _Taking(self._names, tuple(mail for mail in self._mail if mail.arrives <= turn), self._tools).find(
            written
        )


_Names = tuple[dict[str, frozenset[str]], ...]
"""What people are called -> addresses, in three ways: the surest first."""


_MOST_CASTS = 64
_casts: dict[int, tuple[tuple[Person, ...], _Names]] = {}
"""By the identity of the cast, which is kept so that it stays its own: to compare casts takes longer than to read a call."""


def _names(people: tuple[Person, ...]) -> _Names:
    known = _casts.get(id(people))
    if known is None:
        if len(_casts) >= _MOST_CASTS:
            _casts.clear()
        known = _casts[id(people)] = people, _names_of(people)
    return known[1]


def _names_of(people: tuple[Person, ...]) -> _Names:
    ways: tuple[dict[str, frozenset[str]], ...] = ({}, {}, {})
    for person in people:
        words = person.name.split() if person.kind == "person" else []
        for way, called in zip(ways, ((person.id, person.name), (person.role,), words), strict=True):
            for name in called:
                key = name.casefold()
                way[key] = way.get(key, frozenset()) | {person.address.lower()}
    return ways


@dataclass(slots=True)
class _Taking:
    """One call being taken."""

    names: _Names
    inbox: tuple[Mail, ...]
    tools: dict[str, OfferedTool]
    where: str = ""
    problems: list[ReplyProblem] = field(default_factory=list)

    def take(self, call: ToolCall, turn: int, mistyped: tuple[str, ...]) -> list[Action]:
        declared = TOOLS.get(call.tool)
        given = tuple((argument.name, argument.value) for argument in call.arguments)
        if declared is None:
            self._tell("no-such-tool", f"there is no tool '{call.tool[:64]}'")
            return [Action("unknown", "refused", args=given, turn=turn, start=call.start, end=call.end)]
        if not given:
            self._tell("no-arguments", f"the call of '{call.tool}'{self.where} has no arguments; it is no action")
            return []
        status = self._status(call.tool)
        to = self._addresses(call.get("to"))
        cc = self._addresses(call.get("cc")) + self._addresses(call.get("bcc"))
        lacking = [name for name in declared.required if not (to if name == "to" else call.get(name))]
        if call.tool == "cancel_alert" and call.get("code"):
            lacking = []  # the code says which alert is meant, and some prompts teach nothing else
        if lacking:
            self._tell("lacks-arguments", f"the call of '{call.tool}'{self.where} lacks {', '.join(lacking)}")
        if mistyped:
            told = f"the call of '{call.tool}'{self.where} has something else than text as {', '.join(mistyped)}"
            self._tell("not-text", told)
        action = Action(
            kind=call.tool,
            status="refused" if lacking or mistyped else status,
            to=to,
            cc=cc,
            subject=call.get("subject"),
            body=call.get("comment") if call.tool == "forward_email" else call.get("body"),
            args=given,
            turn=turn,
            start=call.start,
            end=call.end,
        )
        if call.tool != "forward_email":
            return [action]
        return [self._forward(action, wanted) for wanted in self._wanted(call.get("email"))]

    def find(self, written: str) -> Mail | None:
        return self._mail(written) or self._mail_within(written)

    def _tell(self, kind: ReplyProblemKind, told: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(ReplyProblem(kind, told))

    def _status(self, tool: str) -> ActionStatus:
        offered = self.tools.get(tool)
        if offered is None or not offered.offered:
            self._tell("not-offered", f"'{tool}' was not offered")
            return "refused"
        return "held" if offered.needs_approval else "done"

    # Recipients

    def _addresses(self, written: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for recipient in split_recipients(written) if written else ():
            address = recipient if "@" in recipient else self._address_of(recipient)
            if address:
                found.setdefault(address)
            else:
                self._tell("unknown-recipient", f"no address is known for the recipient '{recipient[:80]}'")
        return tuple(found)

    def _address_of(self, name: str) -> str:
        """The address of the one person meant by an id, a name, a role, or a first or last name; empty when in doubt."""
        wanted = name.casefold().removeprefix("cast.").removesuffix("'s")
        meant: Iterable[str] = next((way[wanted] for way in self.names if wanted in way), ())
        addresses = tuple(meant)
        return addresses[0] if len(addresses) == 1 else ""

    # Forwarded mail

    def _forward(self, action: Action, wanted: str) -> Action:
        mail = self.find(wanted)
        if mail is not None:
            return replace(action, email=mail.id, forwarded=f"{mail.subject}\n\n{mail.body}")
        if wanted:
            self._tell("unknown-email", f"there is no email '{wanted[:80]}' in the inbox to forward")
        return replace(action, status="refused", email=wanted)

    def _wanted(self, written: str) -> list[str]:
        """The emails that an argument names: the whole of it when that is one, else its items."""
        if self._mail(written) is not None:
            return [written]
        items = [item.strip() for item in written.strip("[] \t").replace(";", ",").split(",") if item.strip()]
        items = items[:_MOST_FORWARDED]
        return items if len(items) > 1 and any(self._mail(item) for item in items) else [written]

    def _mail(self, written: str) -> Mail | None:
        """The email meant: by id (`040-transition`, `#040`, `40-Transition.md`), by the id's number, or by subject."""
        wanted = _plain_id(written)
        if not wanted:
            return None
        for names in (_ids, _numbers, _subjects):
            meant = [mail for mail in self.inbox if wanted in names(mail)]
            if meant:
                return meant[0] if len(meant) == 1 else None
        return None

    def _mail_within(self, written: str) -> Mail | None:
        """The one email whose whole id stands somewhere in an argument, such as `Lunch moved (010-lunch)`."""
        folded = written.casefold()
        within = [mail for mail in self.inbox if len(mail.id) > 3 and mail.id.casefold() in folded]
        return within[0] if len(within) == 1 else None


def _plain_id(written: str) -> str:
    plain = written.strip().strip("\"'“”‘’`<>[]() ").casefold()
    for prefix in ("email", "id"):
        plain = plain.removeprefix(prefix).lstrip(" :=")
    return plain.lstrip("# ").removesuffix(".md").strip()


def _ids(mail: Mail) -> tuple[str, ...]:
    plain = mail.id.casefold()
    return (plain, plain.lstrip("0"))


def _numbers(mail: Mail) -> tuple[str, ...]:
    if mail.number:
        return (str(mail.number),)
    number = mail.id.partition("-")[0]
    return (number, number.lstrip("0")) if number.isdecimal() else ()


def _subjects(mail: Mail) -> tuple[str, ...]:
    """As it is, and as an argument of it is made plain."""
    return (mail.subject.strip().casefold(), _plain_id(mail.subject))
