"""Reads mail from files: a mailbox (mbox), or single messages (eml). Strangers' mail: every size is capped.

Of a message the sender, recipients, subject, date, text and the names of attachments are kept; attachments themselves, HTML
beyond its text, and every other header are not. What the standard library cannot read is told by its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath, PureWindowsPath

from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line, visible
from am_studio.scenarios.importing.mail_in_text import moment_of

MOST_BYTES = 256 * 1024 * 1024
MOST_MESSAGE = 32 * 1024 * 1024
"""Bytes of one message, attachments included."""
MOST_MESSAGES = 1000
MOST_HEAD = 256 * 1024
MOST_HEADER = 20_000
"""Characters of one header that are looked at."""
MOST_PARTS = 1000
MOST_NESTED = 50
"""Parts that hold parts: the time to read them grows with the square of their depth."""
LONGEST_BODY = 100_000
"""Characters of a text that are kept."""
_NESTING = re.compile(rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_READING = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What the standard library raises for mail that is not as it should be."""


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A message as it was read."""

    where: str
    sender: str
    to: str
    cc: str
    """Headers as written, decoded."""
    subject: str
    sent: datetime | None
    """Without its zone; None where no date could be read."""
    body: str
    attachments: tuple[str, ...]
    thread: str
    """The first message of its thread, as far as the message says."""
    notes: tuple[str, ...] = ()


def read_mbox(path: Path) -> tuple[ReadMail, ...]:
    """The messages of a mailbox in their order; StudioError that names the message which cannot be taken."""
    content = _bytes(path, MOST_BYTES)
    if not content.startswith(b"From "):
        raise StudioError(
            f"{path} is no mbox",
            "it does not begin with a line 'From ...'",
            "`am-studio import eml` reads single messages",
        )
    messages = list(_split(content))
    if len(messages) > MOST_MESSAGES:
        raise StudioError(
            f"{path} has {len(messages):,} messages, more than a scenario can have", hint=f"at most {MOST_MESSAGES:,}"
        )
    return tuple(
        _read(message, f"{path.name}: message {number}", line)
        for number, (line, message) in enumerate(messages, start=1)
    )


def read_eml(path: Path) -> ReadMail:
    """The one message of a file; StudioError when it cannot be taken."""
    return _read(_bytes(path, MOST_MESSAGE), path.name)


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise StudioError(f"{path} cannot be read", error.strerror or str(error)) from error
    if len(content) > most:
        raise StudioError(f"{path} is larger than {most:,} bytes")
    if not content.strip():
        raise StudioError(f"{path} is empty")
    return content


def _split(content: bytes) -> Iterator[tuple[str, bytes]]:
    """(the line before it, the message) for the messages between lines that begin with `From `, with `>From ` of a body as it was."""
    starts = [match.start() for match in re.finditer(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From [^\n]*\n", content)]
    for start, end in zip(starts, [*starts[1:], len(content)], strict=True):
        first = content.index(b"\n", start) + 1
        line = content[start:first].decode("latin-1").split(maxsplit=2)
        yield line[2].strip() if len(line) > 2 else "", re.sub(rb"(?m)^>(>*From )", rb"\1", content[first:end])


def _read(content: bytes, where: str, delivered: str = "") -> ReadMail:
    """The message of these bytes; `delivered` is when the mailbox says that it came in."""
    if len(content) > MOST_MESSAGE:
        raise StudioError(f"{where} is larger than {MOST_MESSAGE:,} bytes")
    head = re.search(rb"\r?\n\r?\n", content[: MOST_HEAD + 4])
    if len(content) > MOST_HEAD and head is None:
        raise StudioError(f"{where} has headers of more than {MOST_HEAD:,} bytes")
    if content.count(b"\n--") > 2 * MOST_PARTS and content.lower().count(b"content-type") > MOST_PARTS:
        raise StudioError(f"{where} has more than {MOST_PARTS:,} parts")
    if len(_NESTING.findall(content)) > MOST_NESTED:
        raise StudioError(f"{where} is nested more than {MOST_NESTED} deep")
    try:
        message = BytesParser(policy=modern).parsebytes(content)
        return _told(message, where, delivered)
    except _READING as error:
        raise StudioError(
            f"{where} cannot be read as mail", f"{type(error).__name__}: {one_line(str(error), 200)}"
        ) from error


def _told(message: EmailMessage, where: str, delivered: str) -> ReadMail:
    sender = _header(message, "From")
    if not sender and not _header(message, "Subject"):
        raise StudioError(f"{where} is no mail", "it has neither a sender nor a subject")
    body, notes = _body(message)
    if len(body) > LONGEST_BODY:
        notes = [*notes, f"{where}: the text was cut to {LONGEST_BODY:,} characters."]
        body = body[:LONGEST_BODY]
    sent = moment_of(_header(message, "Date")) or moment_of(delivered)
    if sent is None:
        notes = [*notes, f"{where}: its date cannot be read."]
    references = _header(message, "References").split() or _header(message, "In-Reply-To").split()
    thread = references[0] if references else _header(message, "Message-ID")
    return ReadMail(
        where, sender, _header(message, "To"), _header(message, "Cc"), one_line(_header(message, "Subject")), sent,
        body, _attachments(message), thread, tuple(notes),
    )  # fmt: skip


def _header(message: EmailMessage, name: str) -> str:
    """A header's text; as raw as it stands where it cannot be decoded."""
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    if not raw:
        return ""
    short = len(raw) <= MOST_HEADER
    try:
        value = str(message[name]) if short else raw[:MOST_HEADER]
    except _READING:
        value = raw[:MOST_HEADER]
    return one_line(value.replace("\ufffd", "?"))


def _body(message: EmailMessage) -> tuple[str, list[str]]:
    """(the text, what is said of it): plain text before HTML, which is turned into text."""
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return "", []
    try:
        content = part.get_content()
    except _READING:
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(part.get_payload())
    text = content if isinstance(content, str) else bytes(content).decode("utf-8", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.get_content_subtype() == "html":
        text = text_of_html(text)
    return visible(text).strip("\n") + "\n", []


def _attachments(message: EmailMessage) -> tuple[str, ...]:
    """Bare names of attachments; whatever path stands before one is dropped."""
    names = []
    for number, part in enumerate(message.walk()):
        if number > MOST_PARTS:
            break
        if part.get_content_disposition() != "attachment" and part.get_content_maintype() in ("text", "multipart"):
            continue
        name = part.get_filename() or ""
        bare = PureWindowsPath(PurePosixPath(one_line(name, 400)).name).name.strip(". ")
        if bare:
            names.append(bare[:120])
    return tuple(dict.fromkeys(names))


class _Text(HTMLParser):
    """The text of HTML, a line a block."""

    _BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "hr"})
    _HIDDEN = frozenset({"script", "style", "head", "title", "template"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in self._HIDDEN
        if tag in self._BLOCKS:
            self.pieces.append("\n")
        if tag == "li":
            self.pieces.append("- ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in self._HIDDEN))
        if tag in self._BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def text_of_html(html: str) -> str:
    """The text of an HTML body: blocks on lines of their own, no markup, no links, nothing hidden."""
    reader = _Text()
    reader.feed(html[: 10 * LONGEST_BODY])
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"
