"""Signatures, greetings and threads that do not match who wrote to whom."""

from __future__ import annotations

import re

from am_studio.records import Person
from am_studio.scenarios.lint.findings import Found, Rule
from am_studio.scenarios.lint.reading import Letter, Reading
from am_studio.scenarios.lint.times import is_answer, topic

_GREETING = re.compile(
    r"\A\s*(?:(?:dear|hi|hello|hey|good (?:morning|afternoon|evening)|morning|afternoon)\s+)?([^\n,:!.]{2,40})[,:!.]?[ ]*\n",
    re.IGNORECASE,
)
_ENCLOSED = re.compile(
    r"\b(?:see (?:the )?attached|i(?:'ve| have)? attach(?:ed)?\b|(?:is|are) attached\b|please find (?:attached|enclosed)|attached (?:is|are)\b)",
    re.IGNORECASE,
)


def _who(reading: Reading, line: str) -> Person | None:
    """The person whose full or first name a line consists of."""
    words = line.strip(" -–—*_.,!").lower()
    for person in (reading.agent, *reading.persons):
        if words and words in (person.name.lower(), person.name.split()[0].lower()):
            return person
    return None


def _end(letter: Letter) -> list[str]:
    """The last lines, in which a signature would be; the first line is a greeting and none of them."""
    lines = [line.strip() for line in letter.mail.body.split("\n") if line.strip()]
    return [line for line in lines[1:][-6:] if not line.startswith(">") and len(line) < 60]


def _signed(reading: Reading) -> Found:
    for letter in reading.letters:
        if letter.sender is None or letter.sender.kind != "person":
            continue
        signers = [(line, who) for line in _end(letter) if (who := _who(reading, line)) is not None]
        if signers and not any(_same(who, letter.sender) for _, who in signers):
            at = letter.text.rfind(signers[-1][0])
            yield (
                letter.place(at),
                f"{letter.part} comes from {letter.sender.name} and is signed by {signers[-1][1].name}",
            )


def _same(one: Person, other: Person) -> bool:
    return one.id == other.id or one.name.split()[:1] == other.name.split()[:1]


def _role(reading: Reading) -> Found:
    roles = {person.role.lower(): person for person in reading.persons if len(person.role) > 4}
    for letter in reading.letters:
        if letter.sender is None or letter.sender.kind != "person":
            continue
        for line in _end(letter):
            holder = roles.get(line.strip(" ,.*").lower())
            if (
                holder is not None
                and holder.id != letter.sender.id
                and holder.role.lower() != letter.sender.role.lower()
            ):
                told = f"{letter.sender.name} signs as {holder.role}, which {holder.name} is"
                yield letter.place(letter.text.rfind(line)), told


def _greets(reading: Reading) -> Found:
    for letter in reading.letters:
        match = _GREETING.match(letter.mail.body)
        greeted = _who(reading, match.group(1)) if match else None
        if greeted is None or any(_same(greeted, each) for each in letter.recipients) or greeted == letter.sender:
            continue
        if all(each.kind == "person" for each in letter.recipients) and letter.recipients:
            yield letter.place(letter.body_at), f"{letter.part} greets {greeted.name}, to whom it does not go"


def _answers(reading: Reading) -> list[tuple[Letter, Letter]]:
    """Each answer whose original is in the mail, with the letter it answers: the latest before it on that topic."""
    pairs = []
    for letter in reading.letters:
        if is_answer(letter.mail.subject):
            same = [
                o for o in reading.letters if o is not letter and topic(o.mail.subject) == topic(letter.mail.subject)
            ]
            before = [other for other in same if other.sent < letter.sent]
            if before:
                pairs.append((letter, max(before, key=lambda each: each.sent)))
    return pairs


def _outsider(reading: Reading) -> Found:
    for answer, original in _answers(reading):
        thread = [
            o for o in reading.letters if topic(o.mail.subject) == topic(original.mail.subject) and o.sent < answer.sent
        ]
        reached = {
            person.id for each in thread for person in (*each.recipients, *([each.sender] if each.sender else []))
        }
        lists = any(person.kind == "list" for each in thread for person in each.recipients)
        if answer.sender is not None and not lists and answer.sender.id not in reached:
            yield answer.head, f"{answer.sender.name} answers {original.part}, which never went to them"


def _elsewhere(reading: Reading) -> Found:
    for answer, original in _answers(reading):
        thread = [
            o for o in reading.letters if topic(o.mail.subject) == topic(original.mail.subject) and o is not answer
        ]
        party = {person.id for each in thread for person in (*each.recipients, *([each.sender] if each.sender else []))}
        # Who is on a list is not known, so whatever went to one, or goes to one, may concern anybody.
        lists = any(person.kind == "list" for each in (answer, *thread) for person in each.recipients)
        if party and not lists and not party & {person.id for person in answer.recipients}:
            yield answer.head, f"{answer.part} answers {original.part} and goes to nobody of that thread"


def _to_self(reading: Reading) -> Found:
    for letter in reading.letters:
        if letter.sender is not None and {letter.mail.sender} == {*letter.mail.to, *letter.mail.cc}:
            yield letter.head, f"{letter.sender.name} writes {letter.part} to themselves"


def _enclosed(reading: Reading) -> Found:
    for letter in reading.letters:
        match = _ENCLOSED.search(letter.text, letter.body_at)
        if match and not letter.mail.attachments:
            yield letter.place(match.start()), f"{letter.part} speaks of an attachment and has none"


def _joined(reading: Reading) -> Found:
    style = reading.scenario.parts.style
    for letter in reading.letters[1:]:
        own = letter.email.separator or style.separator
        if own in ("newline", "none") and (letter.email.separator or style.envelope != "xml"):
            yield letter.head, f"{letter.part} is joined to the email before it without a blank line"


RULES = (
    Rule("signature-mismatch", "a letter that somebody else signs looks pasted", "let the sender sign, with `{{ cast.ID.first }}`", _signed),
    Rule("role-mismatch", "a signature with somebody else's post contradicts the cast", "write `{{ cast.ID.role }}`, or mend the cast", _role),
    Rule("greeting-mismatch", "who is greeted should get the letter", "mend the greeting or the 'to'", _greets),
    Rule("reply-by-outsider", "nobody answers what they never got", "put them into the 'to' or 'cc' of the original", _outsider),
    Rule("reply-to-nobody", "an answer goes to who asked", "send it to the writer of the original", _elsewhere),
    Rule("sent-to-self", "mail to oneself is a slip more often than a note", "mend 'from' or 'to'", _to_self),
    Rule("attachment-missing", "a text that speaks of an attachment which is not there looks truncated", "add 'attachments: [NAME]', or change the text", _enclosed),
    Rule("joined-emails", "two emails without a gap read as one document", "take 'separator' out of the email's head or the inbox", _joined),
)  # fmt: skip
