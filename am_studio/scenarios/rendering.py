"""From a variant to the prompt, with provenance: what the subject reads, and for every character why it is there.

Each text (system prompt, task, email) is a unit, cached by the levels of the details it depends on, so that changing one
detail renders only the texts that know it. Nothing is collapsed or tidied afterwards.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from am_studio.foundation.errors import Place, StudioError
from am_studio.foundation.hashing import hash_messages, hash_of_pieces, json_piece
from am_studio.records import Mail, Message, OfferedTool, Person, Prompt, ProtocolName, Span, Variant
from am_studio.scenarios.cutting import cut, neutral
from am_studio.scenarios.evaluation import State, World, names_in
from am_studio.scenarios.fragments import Fragment, Why, Writer
from am_studio.scenarios.language import Template
from am_studio.scenarios.model import Email, Header
from am_studio.scenarios.origins import Origins

MAX_OUTPUT = 1_000_000
_NOT_MADE = object()
_NUMBER = "0"
"""Stands where an email's number in the inbox will."""
_PLAIN, _TOOLS = " plain", " tools"
"""What a unit's name is followed by, or is, where something else than its fragments is kept. No email has a blank in it."""
_NOWHERE_ELSE = Why()
"""The reason for a place that no order changes."""
_WITH_OFF = " with what is off"
SEPARATORS = {"blank_line": "\n\n", "newline": "\n", "none": ""}
HEADER_LABELS = {
    "id": "Id",
    "from": "From",
    "to": "To",
    "cc": "Cc",
    "subject": "Subject",
    "sent": "Sent",
    "attachments": "Attachments",
}


@dataclass(frozen=True, slots=True)
class _Plain:
    """A text, and the same as canonical JSON has it."""

    text: str
    json: str

    @classmethod
    def of(cls, text: str) -> _Plain:
        return cls(text, json_piece(text))


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """An email in one state: its pieces as shown, and as a record."""

    pieces: tuple[Fragment, ...]
    mail: Mail
    why: Why
    plain: _Plain
    """Its text, up to the number where it shows one."""
    number_at: int = -1
    """Index of the piece that is its number in the inbox; -1 where it shows none."""
    rest: _Plain = _Plain("", "")
    """What follows the number."""
    separator: str = ""
    """What its head says about what sets it off from the one before it."""

    def numbered(self, number: int, why: Why) -> tuple[Fragment, ...]:
        """The pieces with its number in the inbox, where it shows one."""
        at = self.number_at
        if at < 0:
            return self.pieces
        shown = self.pieces[at]
        reason = shown.why.and_(why.cause, why.consulted)
        return (*self.pieces[:at], replace(shown, text=str(number), why=reason), *self.pieces[at + 1 :])

    def plain_pieces(self, number: int) -> tuple[_Plain, ...]:
        """The text with its number in the inbox, where it shows one."""
        return (self.plain,) if self.number_at < 0 else (self.plain, _Plain.of(str(number)), self.rest)


class Renderer:
    """Renders the variants of one scenario."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._units: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._supports: dict[Template | Email, tuple[str, ...]] = {}

    def after(self, world: World) -> Renderer:
        """A renderer of the scenario as it was changed, which keeps the emails that the change has not touched."""
        fresh, old, new = Renderer(world), self.world.parts, world.parts
        shared = ("details", "constants", "variables", "tools", "style", "nuisance")
        if all(getattr(old, name) == getattr(new, name) for name in shared):
            before = {email.id: email for email in old.emails}
            kept = {email.id for email in new.emails if before.get(email.id) is email}
            keys = kept | {f"{id}{_WITH_OFF}" for id in kept}
            fresh._units.update((key, unit) for key, unit in self._units.items() if key[0] in keys)
        return fresh

    def prompt(self, variant: Variant, protocol: ProtocolName = "inline", *, with_off: bool = False) -> Prompt:
        """What the subject reads in this variant.

        `with_off` also writes the branches and emails that it does not have, in spans marked `off`, for an author to
        see; such a prompt is never sent, and its hash is not that of the variant.
        """
        return self._assemble(State.of(self.world, variant, protocol), with_off)

    def mail(self, variant: Variant, protocol: ProtocolName = "inline") -> tuple[Mail, ...]:
        """The inbox of this variant as records, later arrivals included."""
        state = State.of(self.world, variant, protocol)
        return self._mail(self._emails(state), state)

    def plain(self, variant: Variant, protocol: ProtocolName = "inline") -> tuple[Prompt, tuple[Mail, ...]]:
        """The prompt with the same texts and hash but no spans, and the inbox: what a trial needs, many times as fast.

        Texts are put together from what units were the last time that they were rendered.
        """
        parts, state = self.world.parts, State.of(self.world, variant, protocol)
        emails = self._emails(state)
        mail = self._mail(emails, state)
        places_inbox = _places_inbox(parts.system) or _places_inbox(parts.task)
        if places_inbox:
            prompt = self.prompt(variant, protocol)
            return Prompt(tuple(Message(each.role, each.text, ()) for each in prompt.messages), prompt.hash), mail
        system = [self._plain_unit("system.md", parts.system, state)]
        task = [self._plain_unit("task.md", parts.task, state)]
        lying = [email for email in emails if not email.mail.arrives] if protocol == "inline" else []
        if lying:
            task.append(_Plain.of("\n" if parts.task.source.endswith("\n") else "\n\n"))
        for number, each in enumerate(lying, 1):
            task += [self._separator(each.separator)] if number > 1 else []
            task += each.plain_pieces(number)
        messages = (_plain_message("system", system), _plain_message("user", task))
        texts = ((messages[0].role, messages[0].text), (messages[1].role, messages[1].text))
        return Prompt(messages, hash_of_pieces(texts, ([each.json for each in unit] for unit in (system, task)))), mail

    def _plain_unit(self, name: str, template: Template, state: State) -> _Plain:
        def make() -> _Plain:
            return _Plain.of(_text(self._unit(name, template, state, [], with_off=False)))

        if name in state.removed:
            return make()
        made: _Plain = self._cached(f"{name}{_PLAIN}", self._template_support(template), state, make)
        return made

    def _separator(self, own: str = "") -> _Plain:
        """What stands before an email that is not the first; `own` is what its head says about it."""
        style = self.world.parts.style
        separator = SEPARATORS[own or style.separator]
        return _Plain.of(separator if style.envelope == "xml" else separator[1:])

    def _mail(self, emails: Iterable[RenderedEmail], state: State) -> tuple[Mail, ...]:
        """The emails as records, with their numbers where the prompt shows them."""
        mail = tuple(email.mail for email in emails)
        if not self.world.parts.style.numbered or state.protocol != "inline":
            return mail
        lying = (each for each in mail if not each.arrives)
        numbers = {each.id: number for number, each in enumerate(lying, 1)}
        return tuple(replace(each, number=numbers.get(each.id, 0)) for each in mail)

    def tools(self, variant: Variant) -> tuple[OfferedTool, ...]:
        """Every tool the scenario knows, and whether it is offered and held in this variant."""
        state, offers = State.of(self.world, variant), tuple(self.world.parts.tools.values())
        made: tuple[OfferedTool, ...] = self._cached(
            _TOOLS, self.world.support_of_tools, state,
            lambda: tuple(
                OfferedTool(offer.name, state.holds(offer.offered), state.holds(offer.approval)) for offer in offers
            ),
        )  # fmt: skip
        return made

    def text_units(self) -> dict[str, tuple[str, ...]]:
        """Every text of the scenario and the details on which it depends."""
        parts = self.world.parts
        units = {"system.md": self._template_support(parts.system), "task.md": self._template_support(parts.task)}
        return units | {email.id: self._email_support(email) for email in parts.emails}

    def unit_text(self, unit: str, variant: Variant, protocol: ProtocolName = "inline") -> str:
        """The text of one unit; an email that does not exist in this variant is empty."""
        state = State.of(self.world, variant, protocol)
        if unit in ("system.md", "task.md"):
            template = self.world.parts.system if unit == "system.md" else self.world.parts.task
            return _text(self._main(unit, template, state, ()))
        email = next(email for email in self.world.parts.emails if email.id == unit)
        found = self._email(email, state)
        return _text(found.pieces) if found else ""

    # Units. ----------------------------------------------------------------------------------------------------------

    def _cached(self, key: str, support: tuple[str, ...], state: State, make: Callable[[], Any]) -> Any:
        full_key = (key, state.protocol, *map(state.chosen.__getitem__, support))
        made = self._units.get(full_key, _NOT_MADE)
        if made is not _NOT_MADE:
            self._units.move_to_end(full_key)
            return made
        made = self._units[full_key] = make()
        if len(self._units) > 20_000:
            self._units.popitem(last=False)
        return made

    def _template_support(self, template: Template) -> tuple[str, ...]:
        found = self._supports.get(template)
        if found is None:
            found = self._supports[template] = self.world.support(template.parts)
        return found

    def _email_support(self, email: Email) -> tuple[str, ...]:
        found = self._supports.get(email)
        if found is None:
            values = [value for header in email.headers.values() for value in header.values]
            bodies = [value.parts for value in values if isinstance(value, Template)]
            found = self._supports[email] = self.world.support(email.when, email.body.parts, *bodies)
        return found

    def _main(
        self, unit: str, template: Template, state: State, inbox: Sequence[Fragment], with_off: bool = False
    ) -> list[Fragment]:
        """The system prompt or the task; `inbox` is what stands where the text places it."""
        return Writer(self.world, state, unit, inbox, with_off=with_off).body(template.parts, Why())

    def _emails(self, state: State) -> list[RenderedEmail]:
        found = (self._email(email, state) for email in self._in_order(state))
        return [email for email in found if email is not None]

    def _email(self, email: Email, state: State, with_off: bool = False) -> RenderedEmail | None:
        removed = state.removed.get(email.id, ()) if state.removed else ()
        if removed:
            return None if "email" in removed else self._write_email(email, state, with_off, removed)
        made: RenderedEmail | None = self._cached(
            f"{email.id}{_WITH_OFF}" if with_off else email.id,
            self._email_support(email),
            state,
            lambda: self._write_email(email, state, with_off),
        )
        return made

    def _write_email(
        self, email: Email, state: State, with_off: bool, removed: tuple[str, ...] = ()
    ) -> RenderedEmail | None:
        writer = Writer(self.world, state, email.id, with_off=with_off)
        exists, why = writer.holds(email.when, Why())
        if not exists and not with_off:
            return None
        style = self.world.parts.style
        values = {name: self._header_values(header, writer, why) for name, header in email.headers.items()}
        body = writer.body(email.body.parts, why)
        if removed:
            body, values["subject"] = _without(body, values["subject"], email.id, removed)
        before, after = ("<email>\n", "</email>") if style.envelope == "xml" else ("", "")
        after += "\n" if email.break_after else ""
        ends = "" if email.body.source.endswith("\n") else "\n"
        shown = [
            writer.fragment(before, email.place, why),
            *self._number_line(email, writer, why),
            *self._header_lines(email, values, writer, why),
            writer.fragment(self._before_body(email), email.place, why),
            *body,
            writer.fragment(ends + after, email.place, why),
        ]
        pieces = tuple(piece if exists else replace(piece, off=True) for piece in shown if piece.text)
        mail, at = _record(email, values, body), -1
        if style.numbered:
            at = next(index for index, piece in enumerate(pieces) if piece.text == _NUMBER)
        first, rest = (pieces[:at], pieces[at + 1 :]) if at >= 0 else (pieces, ())
        return RenderedEmail(pieces, mail, why, _Plain.of(_text(first)), at, _Plain.of(_text(rest)), email.separator)

    def _header_values(self, header: Header, writer: Writer, why: Why) -> list[list[Fragment]]:
        bare = self.world.parts.style.bare_addresses
        values = []
        for value in header.values:
            if isinstance(value, Person):
                shown = value.address if bare else f"{value.name} <{value.address}>"
                values.append([writer.fragment(shown, header.place, why)])
            elif written := writer.body(value.parts, why):
                values.append(written)
        return values

    def _number_line(self, email: Email, writer: Writer, why: Why) -> list[Fragment]:
        """The line with the email's number in the inbox, which is known when the inbox is put together."""
        if not self.world.parts.style.numbered:
            return []
        return [writer.fragment(text, email.place, why) for text in (f"{self._label('id')}: ", _NUMBER, "\n")]

    def _header_lines(
        self, email: Email, values: Mapping[str, list[list[Fragment]]], writer: Writer, why: Why
    ) -> list[Fragment]:
        style = self.world.parts.style
        order = list(email.header_order or style.header_order)
        order += [] if "attachments" in order else ["attachments"]
        lines: list[Fragment] = []
        if style.ids and not style.numbered:
            lines.append(writer.fragment(f"{self._label('id')}: {email.id}\n", email.place, why))
        for name in order:
            if name == "sent":
                lines.append(writer.fragment(f"{self._label('sent')}: {email.sent}\n", email.place, why))
            elif values.get(name):
                place = email.headers[name].place
                lines.append(writer.fragment(f"{self._label(name)}: ", place, why))
                for index, value in enumerate(values[name]):
                    lines += [writer.fragment(", ", place, why), *value] if index else value
                lines.append(writer.fragment("\n", place, why))
        return lines

    def _before_body(self, email: Email) -> str:
        """A blank line, or the label that the inbox gives to bodies."""
        label = self.world.parts.style.labels.get("body", "")
        if not label:
            return "\n"
        return f"{label}:\n" if email.body_on_new_line else f"{label}: "

    def _label(self, name: str) -> str:
        return self.world.parts.style.labels.get(name, HEADER_LABELS[name])

    # The whole. ------------------------------------------------------------------------------------------------------

    def _inbox(self, state: State, with_off: bool) -> list[Fragment]:
        """The emails that lie in the inbox from the start, with what separates them."""
        numbered = self.world.parts.style.numbered
        pieces: list[Fragment] = []
        earlier: list[Email] = []
        number = 0
        lying = [(email, self._email(email, state, with_off)) for email in self._in_order(state) if not email.arrives]
        moved = self._moved({email.id for email, rendered in lying if rendered is not None}, state)
        for email, rendered in lying:
            if rendered is not None:
                place = moved.get(email.id, _NOWHERE_ELSE)
                separator = self._separator(email.separator).text
                number += not rendered.pieces[0].off
                shown = rendered.pieces
                if numbered:
                    shown = rendered.numbered(number, self._how_many(tuple(earlier), state))
                if pieces and separator:
                    why = self._some_earlier(tuple(earlier), state, _within(place, rendered.why))
                    off = rendered.pieces[0].off or all(piece.off for piece in pieces)
                    pieces.append(Fragment(separator, email.place, why, "inbox", off))
                if place is _NOWHERE_ELSE:
                    pieces += shown
                else:
                    pieces += [replace(piece, why=_within(place, piece.why)) for piece in shown]
            earlier.append(email)
        return pieces

    def _in_order(self, state: State) -> tuple[Email, ...]:
        ordering = self.world.ordering
        return self.world.parts.emails if ordering is None else ordering.emails(state.levels)

    def _moved(self, there: Collection[str], state: State) -> Mapping[str, Why]:
        """The reason for the place of each email that another order puts elsewhere."""
        ordering = self.world.ordering
        if ordering is None:
            return {}
        moved = ordering.moved(there, state.levels)
        return {id_: Why(choice, choice) for id_, choice in moved.items() if choice}

    def _some_earlier(self, earlier: tuple[Email, ...], state: State, why: Why) -> Why:
        """A separator is there because its email is, and because some email comes before it."""
        if any(email.when is None for email in earlier):
            return why
        conditions = tuple(email.when for email in earlier)
        _, cause, consulted = self.world.decide(
            ("earlier", *map(id, conditions)),
            lambda other: any(other.holds(condition) for condition in conditions),
            self.world.support(*conditions),
            state,
        )
        return why.and_(cause, consulted)

    def _how_many(self, earlier: tuple[Email, ...], state: State) -> Why:
        """The reason for a number: how many emails come before."""
        conditions = tuple(email.when for email in earlier if email.when is not None)
        _, cause, consulted = self.world.decide(
            ("number", *map(id, conditions)),
            lambda other: sum(other.holds(condition) for condition in conditions),
            self.world.support(*conditions),
            state,
        )
        return Why(cause, consulted)

    def _assemble(self, state: State, with_off: bool) -> Prompt:
        parts = self.world.parts
        inbox = self._inbox(state, with_off) if state.protocol == "inline" else []
        system = self._unit("system.md", parts.system, state, inbox, with_off)
        task = self._unit("task.md", parts.task, state, inbox, with_off)
        if inbox and not (_places_inbox(parts.system) or _places_inbox(parts.task)):
            lying = tuple(email for email in parts.emails if not email.arrives)
            gap = "\n" if parts.task.source.endswith("\n") else "\n\n"
            task = [*task, Fragment(gap, Place("task.md"), self._some_earlier(lying, state, Why()), "inbox"), *inbox]
        messages = (self._message("system", system), self._message("user", task))
        return Prompt(messages, hash_messages(tuple((message.role, message.text) for message in messages)))

    def _message(self, role: Literal["system", "user"], pieces: Sequence[Fragment]) -> Message:
        """The message of these pieces; StudioError over the output cap."""
        return Message(role, _capped(role, _text(pieces)), tuple(_spans(pieces, self.world.parts.origins)))

    def _unit(
        self, name: str, template: Template, state: State, inbox: list[Fragment], with_off: bool
    ) -> list[Fragment]:
        removed = state.removed.get(name, ()) if state.removed else ()
        if with_off or _places_inbox(template):
            whole = self._main(name, template, state, inbox, with_off)
            return cut(whole, name, removed) if removed else whole
        made: list[Fragment] = self._cached(
            name, self._template_support(template), state, lambda: self._main(name, template, state, ())
        )
        return cut(made, name, removed) if removed else made


def _within(place: Why, inner: Why) -> Why:
    """A reason inside the one for an email's place."""
    return inner if place is _NOWHERE_ELSE else place.and_(inner.cause, inner.consulted)


@lru_cache(maxsize=256)
def _places_inbox(template: Template) -> bool:
    return any(name.path == "inbox" for name in names_in(template.parts))


def _without(
    body: list[Fragment], subject: list[list[Fragment]], email: str, removed: tuple[str, ...]
) -> tuple[list[Fragment], list[list[Fragment]]]:
    """Body and subject of an email without some units, or with neutral text in place of all of it."""
    if "email:neutral" not in removed:
        return cut(body, email, removed), subject
    stand_ins = (_text(body), "".join(_text(value) for value in subject))
    new_body, new_subject = (neutral(text) if text.strip() else text for text in stand_ins)
    told = [[replace(subject[0][0], text=new_subject.rstrip("."))]] if subject and subject[0] else subject
    return ([replace(body[0], text=new_body)] if body else body), told


def _record(email: Email, values: Mapping[str, list[list[Fragment]]], body: list[Fragment]) -> Mail:
    texts = {name: tuple(_text(value) for value in found) for name, found in values.items()}
    return Mail(
        email.id,
        "".join(texts["from"]),
        texts.get("to", ()),
        texts.get("cc", ()),
        "".join(texts["subject"]),
        email.sent,
        _text(body).removesuffix("\n"),
        texts.get("attachments", ()),
        email.arrives,
    )


def _text(fragments: Iterable[Fragment]) -> str:
    return "".join(fragment.text for fragment in fragments)


def _plain_message(role: Literal["system", "user"], pieces: Sequence[_Plain]) -> Message:
    return Message(role, _capped(role, "".join([piece.text for piece in pieces])), ())


def _capped(role: str, text: str) -> str:
    if len(text) > MAX_OUTPUT:
        raise StudioError(f"the {role} message is longer than {MAX_OUTPUT:,} characters", hint="shorten the texts")
    return text


def _spans(pieces: Sequence[Fragment], origins: Origins) -> Iterator[Span]:
    position = 0
    for piece in pieces:
        end = position + len(piece.text)
        place, why = origins.place(piece.place), piece.why
        where = (piece.part, place.file, place.line, place.column)
        yield Span(position, end, *where, why.cause, why.consulted, piece.off)
        position = end
