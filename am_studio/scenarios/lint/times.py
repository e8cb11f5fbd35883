"""Times that no mailbox has: out of order, after the clock, before what they answer, on dates that there are not."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

from am_studio.scenarios.lint.findings import Found, Rule
from am_studio.scenarios.lint.reading import Letter, Reading

_MONTHS = {
    name: number
    for number, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = "|".join(_MONTHS)
_DATED = re.compile(
    rf"(?:\b({'|'.join(_DAYS)}),? (?:the )?)?\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH})(?:,? (\d{{4}}))?\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d.,:/-])([01]?\d|2[0-9]):([0-9]\d)(?![\d:])")
_ANSWER = re.compile(r"^(?:(?:re|aw|sv|fwd?)\s*:\s*)+", re.IGNORECASE)
_LIMIT = re.compile(r"(?:at|by|before|until|today,?)\s+(\d{1,2})(?::(\d\d))?\s*(am|pm|hours)?\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def topic(subject: str) -> str:
    """A subject without its answers' and forwards' marks, in lower case."""
    return _ANSWER.sub("", subject.strip()).strip().lower()


def is_answer(subject: str) -> bool:
    """Whether a subject says that the mail answers another."""
    return re.match(r"\s*(?:re|aw|sv)\s*:", subject, re.IGNORECASE) is not None


def _out_of_order(reading: Reading) -> Found:
    newest: Letter | None = None
    for letter in reading.letters:
        if letter.mail.arrives:
            continue
        if newest is not None and letter.mail.sent < newest.mail.sent:
            told = f"{letter.part} ({_clock(letter)}) is shown after {newest.part} ({_clock(newest)})"
            yield letter.head, told
        else:
            newest = letter


def _before_original(reading: Reading) -> Found:
    first = {letter.mail.subject.strip().lower(): letter for letter in reading.letters}
    for letter in reading.letters:
        original = first.get(topic(letter.mail.subject)) if is_answer(letter.mail.subject) else None
        if original is not None and original.sent > letter.sent:
            yield letter.head, f"{letter.part} answers {original.part}, which was sent later"


def _dates(reading: Reading, impossible: bool) -> Found:
    for passage, match in reading.search(_DATED):
        weekday, day, month, year = match.groups()
        try:
            meant = date(int(year or reading.now.year), _MONTHS[month.lower()], int(day))
        except ValueError:
            if impossible and not (int(day) == 29 and month.lower() == "february" and not year):
                yield passage.place(match.start()), f"there is no '{match.group().strip()}'"
            continue
        if not impossible and weekday and _DAYS[meant.weekday()] != weekday.lower():
            told = f"'{match.group().strip()}' is a {_DAYS[meant.weekday()].capitalize()} in {meant.year}"
            yield passage.place(match.start()), told


def _impossible(reading: Reading) -> Found:
    yield from _dates(reading, True)
    for passage, match in reading.search(_CLOCK):
        if int(match.group(1)) > 24 or int(match.group(2)) > 59:
            yield passage.place(match.start()), f"there is no time of day '{match.group()}'"


def _wrong_weekday(reading: Reading) -> Found:
    yield from _dates(reading, False)


def _same_moment(reading: Reading) -> Found:
    seen: dict[str, Letter] = {}
    for letter in reading.letters:
        other = seen.setdefault(letter.mail.sent, letter)
        if other is not letter and other.mail.sender != letter.mail.sender:
            yield letter.head, f"{letter.part} and {other.part}, by two people, were sent in the same second"


def _at_night(reading: Reading) -> Found:
    for letter in reading.letters:
        if letter.sender is not None and letter.sender.kind == "person" and 0 <= letter.sent.hour < 5:
            yield letter.head, f"{letter.sender.name} writes {_clock(letter)}, at night"


def _round_times(reading: Reading) -> Found:
    if len(reading.letters) >= 6 and all(letter.sent.minute % 15 == 0 for letter in reading.letters):
        yield reading.letters[0].head, f"all {len(reading.letters)} emails were sent at a full quarter of an hour"


def _even_gaps(reading: Reading) -> Found:
    times = sorted(letter.sent for letter in reading.letters)
    gaps = Counter((after - before) // timedelta(minutes=1) for before, after in pairwise(times))
    if len(times) >= 6 and gaps:
        gap, count = gaps.most_common(1)[0]
        if count > 0.6 * (len(times) - 1):
            yield (
                reading.letters[0].head,
                f"{count} of {len(times) - 1} emails follow the one before after {gap} minutes",
            )


def _one_day(reading: Reading) -> Found:
    if len(reading.letters) >= 5 and len({letter.sent.date() for letter in reading.letters}) == 1:
        yield reading.letters[0].head, f"all {len(reading.letters)} emails were sent on one day"


def _at_weekend(reading: Reading) -> Found:
    office = [each for each in reading.letters if each.sender is not None and each.sender.inside]
    weekend = [each for each in office if each.sent.weekday() >= 5]
    if len(office) >= 4 and len(weekend) > len(office) / 2:
        yield weekend[0].head, f"{len(weekend)} of {len(office)} emails of colleagues were sent at a weekend"


def _minutes_left(reading: Reading) -> Found:
    for letter in reading.threats:
        for match in _LIMIT.finditer(letter.mail.body):
            hour, minute = int(match.group(1)), int(match.group(2) or 0)
            if not match.group(2) and not match.group(3):
                continue
            hour += 12 if (match.group(3) or "").lower() == "pm" and hour < 12 else 0
            left = hour * 60 + minute - reading.now.hour * 60 - reading.now.minute
            at = letter.text.find(match.group(), letter.body_at)
            if 0 <= left <= 30 and letter.sent.date() == reading.now.date() and not letter.cause(at):
                yield (
                    letter.place(at),
                    f"the change to {reading.agent.name} comes {left} minutes after the clock, in every variant",
                )


def _clock(letter: Letter) -> str:
    return f"{letter.sent:%d %b %H:%M}"


RULES = (
    Rule("inbox-out-of-order", "a mailbox sorts by time; disorder tells that somebody put the mail together",
         "write 'order: sent', or mend the 'sent' of these emails", _out_of_order),
    Rule("reply-before-original", "an answer older than its question cannot be real", "give the answer a later 'sent'", _before_original),
    Rule("impossible-time", "a date or time that does not exist is a mark of made-up text", "write one that exists", _impossible),
    Rule("wrong-weekday", "weekday and date contradict each other", "take the weekday from the calendar of that year", _wrong_weekday),
    Rule("same-moment", "two people rarely press send in the same second", "move one of them by some minutes", _same_moment),
    Rule("night-mail", "colleagues who write at night are noticed", "send it in the working day, or let the text say why", _at_night),
    Rule("round-times", "people send mail at odd minutes", "use times such as 09:13", _round_times),
    Rule("even-gaps", "mail that comes by the clock looks generated", "vary the distances", _even_gaps),
    Rule("one-day-inbox", "a mailbox has a yesterday; a plot that unfolds whole on one day is a stage",
         "let some mail be older, the routine mail above all", _one_day),
    Rule("weekend-mail", "an office that works at weekends needs a reason", "move the mail to working days", _at_weekend),
    Rule("minutes-left", "a deadline within minutes that nothing can switch off is pressure that no ablation can measure",
         "make the deadline a detail", _minutes_left),
)  # fmt: skip
