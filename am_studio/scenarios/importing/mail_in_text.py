"""Finds the emails that stand in a prompt: blocks in tags such as `<email>`, or runs of header lines with a text below.

A block is an email when it has a sender and a recipient or a subject. Everything around the emails is kept as it stands.
Linear in the text's length; refuses nothing, for a text without mail is a text without mail.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

NAMES = {
    "from": "from", "sender": "from", "to": "to", "recipients": "to", "recipient": "to", "cc": "cc", "subject": "subject",
    "date": "sent", "sent": "sent", "timestamp": "sent", "time": "sent", "received": "sent", "datetime": "sent",
    "attachments": "attachments", "attachment": "attachments", "id": "id", "message-id": "id", "email id": "id",
    "body": "body", "content": "body", "message": "body",
}  # fmt: skip
"""Header words as prompts write them, and what they mean."""
MOST_EMAILS = 1000

_TAG = re.compile(r"<(email|mail|message|e-mail)(?:\s[^<>]{0,200})?>[ \t]*\n?", re.IGNORECASE)
_HEAD = re.compile(r"^[ \t]*(?:\*\*|- )?([A-Za-z][A-Za-z -]{1,14}?)(?:\*\*)?:(?:\*\*)?[ \t]*(.*)$")


@dataclass(frozen=True, slots=True)
class FoundMail:
    """One email as it stands in a text."""

    start: int
    end: int
    """Where it stands, tags included; `end` is exclusive."""
    headers: tuple[tuple[str, str, str], ...]
    """(what it means, the word as written, the value) a header line, in order; `body` is none of them."""
    body: str
    body_label: str = ""
    """The word before the body, such as `Body`; empty: a blank line."""
    body_on_new_line: bool = False
    tagged: bool = False

    def header(self, name: str) -> str:
        """The value of a header; empty where there is none."""
        return next((value for kind, _, value in self.headers if kind == name), "")

    @property
    def sent(self) -> datetime | None:
        """When it was sent, without a zone; None where that is not told or cannot be read."""
        return moment_of(self.header("sent"))


def find_mail(text: str) -> tuple[FoundMail, ...]:
    """The emails of a text in their order: the tagged ones, or where there is none, runs of header lines."""
    found = tuple(_tagged(text))
    return (found or tuple(_headed(text)))[:MOST_EMAILS]


def moment_of(written: str) -> datetime | None:
    """A point in time as mail writes it, without its zone; None where it cannot be read."""
    written = written.strip()
    try:
        return datetime.fromisoformat(written).replace(tzinfo=None, microsecond=0)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(written).replace(tzinfo=None)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _tagged(text: str) -> Iterator[FoundMail]:
    lowered, position = text.lower(), 0
    closed: dict[str, bool] = {}
    while match := _TAG.search(text, position):
        closer = f"</{match[1].lower()}>"
        end = lowered.find(closer, match.end()) if closed.get(closer, True) else -1
        if end < 0:
            closed[closer] = False
            if not any(closed.get(f"</{tag}>", True) for tag in ("email", "mail", "message", "e-mail")):
                return
            position = match.end()
            continue
        email = _read(text, match.end(), end, match.start(), end + len(closer), tagged=True)
        position = end + len(closer)
        if email is not None:
            yield email


def _headed(text: str) -> Iterator[FoundMail]:
    """Emails told by their header lines alone: each goes as far as the next one."""
    starts, position, previous = list[int](), 0, False
    for line in text.splitlines(keepends=True):
        known = _header_of(line.rstrip("\n"))
        begins = known in ("from", "id", "subject", "to", "sent")
        if begins and not previous and _is_head(text, position):
            starts.append(position)
        previous = known is not None and known != "body"
        position += len(line)
    for start, end in itertools.pairwise((*starts, len(text))):
        whole = text[start:end]
        stop = start + len(whole.rstrip("\n -=_*"))
        email = _read(text, start, stop, start, stop, tagged=False)
        if email is not None:
            yield email


def _is_head(text: str, position: int) -> bool:
    """Whether at least two headers, a sender among them, stand here in a row."""
    kinds = [_header_of(line) for line in text[position : position + 4000].split("\n", 8)[:8]]
    run = kinds[: kinds.index(None)] if None in kinds else kinds
    return "from" in run and ("to" in run or "subject" in run)


def _header_of(line: str) -> str | None:
    match = _HEAD.match(line)
    return NAMES.get(match[1].strip().lower()) if match else None


def _read(text: str, start: int, end: int, outer_start: int, outer_end: int, *, tagged: bool) -> FoundMail | None:
    """The email between `start` and `end`; None where its head is none."""
    lines, position = text[start:end].split("\n"), start
    headers: list[tuple[str, str, str]] = []
    label, on_new_line = "", False
    for line in lines:
        match = _HEAD.match(line)
        kind = NAMES.get(match[1].strip().lower()) if match else None
        if match is not None and kind == "body":
            label, on_new_line = match[1].strip(), not match[2].strip()
            position += len(line) + 1 if on_new_line else match.start(2)
            break
        if match is None or kind is None or (kind in {known for known, _, _ in headers} and kind != "to"):
            position += len(line) + 1 if not line.strip() else 0
            if not headers and not line.strip():
                continue
            break
        headers.append((kind, match[1].strip(), match[2].strip()))
        position += len(line) + 1
    kinds = {kind for kind, _, _ in headers}
    if "from" not in kinds or not kinds & {"to", "subject"}:
        return None
    return FoundMail(outer_start, outer_end, tuple(headers), text[min(position, end) : end], label, on_new_line, tagged)
