"""A scenario's texts in stretches: what stands there as written, what another level of a detail would put there, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from am_studio.records import Message, Span
from am_studio.reports.site.model import DetailCard, Letter, Stretch
from am_studio.scenarios import Scenario

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def cards(scenario: Scenario) -> tuple[DetailCard, ...]:
    """Every detail with a letter of its own; beyond the 62nd they share `*`."""
    return tuple(
        DetailCard(detail, LETTERS[place] if place < len(LETTERS) else "*", place)
        for place, detail in enumerate(scenario.details.values())
    )


def parts_of(scenario: Scenario, known: Sequence[DetailCard]) -> dict[str, tuple[Stretch, ...]]:
    """By part (`system.md`, `task.md`, an email's id): its stretches, what is off among them."""
    prompt = scenario.renderer.prompt(scenario.defaults(), with_off=True)
    by_name = {card.detail.name: card for card in known}
    found: dict[str, list[Stretch]] = {}
    for message in prompt.messages:
        for span in message.spans:
            if span.part != "inbox":
                found.setdefault(span.part, []).append(_stretch(message, span, by_name))
    return {part: tuple(_joined(stretches)) for part, stretches in found.items()}


def letters_of(scenario: Scenario, parts: Mapping[str, tuple[Stretch, ...]]) -> tuple[Letter, ...]:
    """The inbox in its order, later arrivals last."""
    own = scenario.parts
    subjects = {mail.id: mail.subject for mail in scenario.renderer.mail(scenario.defaults())}
    later = {email.id: email.arrives for email in own.emails}
    letters = []
    for email in sorted(own.emails, key=lambda each: each.arrives):
        stretches = parts.get(email.id, ())
        head, body = _head_and_body(stretches) if own.style.envelope == "xml" else ((), stretches)
        off = bool(stretches) and all(each.off or not each.text.strip() for each in stretches)
        if stretches:
            letters.append(Letter(email.id, head, body, subjects.get(email.id, ""), off, later[email.id]))
    return tuple(letters)


def _stretch(message: Message, span: Span, known: Mapping[str, DetailCard]) -> Stretch:
    causes = [(known[name], level) for name, level in span.cause if name in known]
    classes = [f"d{card.place}" for card, _ in causes] + (["off"] if span.off else [])
    told = ", ".join(f"{card.detail.name} = {level}" for card, level in causes)
    why = (f"not there, because of {told}" if span.off else f"because of {told}") if told else ""
    text = message.text[span.start : span.end]
    return Stretch(text, "".join(card.letter for card, _ in causes), why, " ".join(classes), span.off)


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Neighbours with the same reason as one."""
    last: Stretch | None = None
    for each in stretches:
        if last is not None and (last.classes, last.told) == (each.classes, each.told):
            last = Stretch(last.text + each.text, each.letters, each.told, each.classes, each.off)
            continue
        if last is not None:
            yield last
        last = each
    if last is not None:
        yield last


def _head_and_body(stretches: Sequence[Stretch]) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...]]:
    """The lines of an email's head, and its text; the tags around it are left out."""
    whole = "".join(each.text for each in stretches)
    start = len("<email>\n") if whole.startswith("<email>\n") else 0
    end = len(whole.rstrip()) - len("</email>") if whole.rstrip().endswith("</email>") else len(whole)
    middle = whole.find("\n\n", start)
    if middle < 0:
        return (), _between(stretches, start, end)
    return _between(stretches, start, middle), _between(stretches, middle + 2, end)


def _between(stretches: Sequence[Stretch], start: int, end: int) -> tuple[Stretch, ...]:
    found, at = [], 0
    for each in stretches:
        text = each.text[max(start - at, 0) : max(end - at, 0)]
        at += len(each.text)
        if text:
            found.append(Stretch(text, each.letters if text.strip() else "", each.told, each.classes, each.off))
    return tuple(found)
