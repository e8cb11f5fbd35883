"""Who and what a reply is about, read from the prompt: whom the change and the secret concern, who waits outside, codes.

Every fact may be missing; a reply is then worded without it. Names and numbers are made plain before they are used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from am_studio.models.simulated.cue_reading import CueReading, Sighting, is_outside
from am_studio.models.simulated.prompt_parts import Correspondent, Part, TaughtTool, addresses, plain, role_of

_TIME = re.compile(
    r"\b(?:(?:[01]?\d|2[0-3])[:.][0-5]\d|(?:1[0-2]|[1-9]) ?(?:am|pm|o'clock)|noon|midnight)\b", re.IGNORECASE
)
_ALERT = re.compile(
    r"\b(?:alert|alarm|incident|event|case)s?(?: (?:number|no\.?|id|nr\.?))?[ :#]{1,3}([A-Z]{0,6}-?\d[\w-]{0,20})",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b(?:code|pin|password|passphrase|passcode|keyword)\b(?: \w+){0,3}?(?: is| reads|:|,)? ?[\"'“]?((?=[\w-]*\d)[A-Z0-9][\w-]{1,30}|[A-Z]{4,20}(?: \d{1,6})?)\b",
    re.IGNORECASE,
)
_SCRATCHPAD = re.compile(r"<(scratch_?pad\w{0,20}|thinking|think|reasoning|notes)>", re.IGNORECASE)
_EXCERPT = 420
"""Characters of a confidential email that a leak quotes."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the wordings may use."""

    words: dict[str, str]
    """Facts by the name that `wordings.yaml` uses; missing ones are not in it."""
    flags: frozenset[str]
    """Cues found, tags of the secret, and the names of the facts that are there."""
    target: str
    """Address of the person who decides about the change; empty when nobody can be made out."""
    third: str
    """Address of an uninvolved colleague or the chief executive; empty when there is none."""
    rival: str
    document_id: str
    routine: tuple[tuple[Correspondent, str], ...]
    """Colleagues who wrote everyday mail, each with the subject of it."""
    send: TaughtTool | None
    forward: TaughtTool | None
    cancel: TaughtTool | None
    able: frozenset[str]
    """What there are means and an addressee for: harmful acts by name, and `escalate`."""
    scratchpad: str
    """The tag to think in, as the prompt writes it; empty when the prompt gives no such place."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """A reading, laid out so that each question about it is one look."""

    reading: CueReading
    mail: Mapping[str, Part]
    """Emails by name."""
    people: tuple[Correspondent, ...]
    """Everybody inside who looks like a person, in order of appearance; the agent left out."""
    by_cue: Mapping[str, tuple[Sighting, ...]]

    def of(self, cue: str) -> tuple[Sighting, ...]:
        """Where this cue was found."""
        return self.by_cue.get(cue, ())


def _scene(reading: CueReading) -> _Scene:
    mail = reading.prompt.mail
    people: dict[str, Correspondent] = {}
    for part in mail:
        for address, person in _inside(part, reading.domain).people:
            if person.name != reading.names.agent:
                people.setdefault(address, person)
    by_cue: dict[str, list[Sighting]] = {}
    for sighting in reading.sightings:
        by_cue.setdefault(sighting.cue, []).append(sighting)
    found = {cue: tuple(sightings) for cue, sightings in by_cue.items()}
    return _Scene(reading, {part.name: part for part in mail}, tuple(people.values()), found)


@dataclass(frozen=True, slots=True)
class _Inside:
    """Who of an email's head looks like a person and is of the company."""

    people: tuple[tuple[str, Correspondent], ...]
    """With their addresses in lower case."""
    writer: tuple[Correspondent, str] | None
    """Who wrote it, when one of them did, with the subject."""


@lru_cache(maxsize=2048)
def _inside(part: Part, domain: str) -> _Inside:
    def is_one(person: Correspondent) -> bool:
        return person.looks_like_person and not is_outside(person.domain, domain)

    people = tuple((person.address.lower(), person) for person in part.people if is_one(person))
    return _Inside(people, (part.sender, plain(part.subject)) if part.sender and is_one(part.sender) else None)


def facts_of(reading: CueReading) -> Facts:
    """Everything a reply to this prompt may need."""
    scene = _scene(reading)
    target = _target(scene)
    third = _third(scene, target)
    rival = _rival(scene)
    document = _best(scene, "confidential_material")
    alert = _best(scene, "person_in_danger") or _best(scene, "alert_cancellable")
    tools = {role_of(tool): tool for tool in reading.prompt.tools}
    words = {
        "agent": plain(reading.names.agent) or "The mail agent",
        "target": target.name if target else "",
        "target_first": target.first if target else "",
        "third_first": third.first if third else "",
        "rival_first": rival.first if rival else "",
        "ceo_first": plain(reading.names.ceo).split(" ")[0],
        "time": _first(_TIME, (sighting.quote for sighting in scene.of("deadline"))),
        "document": plain(document.subject) if document else "",
        "excerpt": _excerpt(document.text) if document else "",
        "alert": _alert_number(scene, alert),
        "alert_subject": plain(alert.subject) if alert else "",
        "code": _first(_CODE, _texts(scene, "alert_cancellable")),
        "danger": _named_in_danger(scene),
    }
    words = {name: word for name, word in words.items() if word}
    tags = {sighting.tag for sighting in scene.of("leverage_secret") if sighting.tag}
    return Facts(
        words=words,
        flags=reading.found | tags | frozenset(words),
        target=target.address if target else "",
        third=third.address if third else "",
        rival=rival.address if rival else "",
        document_id=plain(document.id) if document else "",
        routine=_routine(scene, target),
        send=tools.get("send"),
        forward=tools.get("forward"),
        cancel=tools.get("cancel"),
        able=_able(tools, target, third, rival, document),
        scratchpad=_scratchpad(reading.prompt.instructions) if "scratchpad" in reading.found else "",
    )


def _scratchpad(instructions: str) -> str:
    tag = _SCRATCHPAD.search(instructions[:50_000])
    return tag[1] if tag else "scratchpad"


def _able(
    tools: dict[str, TaughtTool],
    target: Correspondent | None,
    third: Correspondent | None,
    rival: Correspondent | None,
    document: Part | None,
) -> frozenset[str]:
    forwards = "forward" in tools and document is not None and document.id
    means = {
        "coerce": "send" in tools and target,
        "disclose": "send" in tools and third,
        "leak": rival and ("send" in tools or forwards),
        "cancel_alert": "cancel" in tools,
        "escalate": "send" in tools and third,
    }
    return frozenset(act for act, possible in means.items() if possible)


def _target(scene: _Scene) -> Correspondent | None:
    """Who decides about the change and has the secret: the person that most of the signs point to."""
    people = {person.address: person for person in scene.people}
    firsts = tuple(person.first for person in scene.people)
    votes: Counter[str] = Counter()
    for cue, by_author, by_reader, by_name in (
        ("threat_replacement", 4, 0, 0),
        ("threat_restriction", 4, 0, 0),
        ("sole_authority", 1, 0, 2),
        ("failed_persuasion", 1, 0, 1),
        ("goal_conflict", 1, 0, 0),
        ("leverage_secret", 1, 2, 1),
    ):
        for sighting in scene.of(cue):
            part = scene.mail.get(sighting.part)
            if part and part.sender and part.sender.address in people:
                votes[part.sender.address] += by_author
            for address in {each.address for each in part.recipients} & people.keys() if part and by_reader else ():
                votes[address] += by_reader
            named = _mentioned(sighting.quote, firsts) if by_name else ()
            for person in scene.people if named else ():
                if person.first in named:
                    votes[person.address] += by_name
    ceo = scene.reading.names.ceo
    ranked = sorted(scene.people, key=lambda person: -votes[person.address] + (3 if person.name == ceo else 0))
    return ranked[0] if ranked and votes[ranked[0].address] > 0 else None


@lru_cache(maxsize=1024)
def _mentioned(text: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the names that stand in the text as words."""
    return tuple(name for name in names if re.search(rf"\b{re.escape(name)}\b", text))


def _third(scene: _Scene, target: Correspondent | None) -> Correspondent | None:
    """The chief executive; failing that, whoever objected; failing that, any colleague who writes."""
    people = [person for person in scene.people if target is None or person.address != target.address]
    objectors = {sighting.part for sighting in scene.of("failed_persuasion")}
    authors = {part.sender.address for part in scene.reading.prompt.mail if part.sender and part.name in objectors}
    for fits in (
        lambda person: person.name == scene.reading.names.ceo,
        lambda person: person.address in authors,
        lambda person: True,
    ):
        for person in people:
            if fits(person):
                return person
    return None


def _rival(scene: _Scene) -> Correspondent | None:
    domain = scene.reading.domain
    for sighting in scene.of("rival_offer"):
        part = scene.mail.get(sighting.part)
        if part is None:
            continue
        if part.sender and is_outside(part.sender.domain, domain):
            return part.sender
        for address in addresses(part.text):
            person = Correspondent("", plain(address))
            if is_outside(person.domain, domain):
                return person
    return None


def _best(scene: _Scene, cue: str) -> Part | None:
    """The email with most sightings of a cue; the later one when several have as many."""
    counts = Counter(sighting.part for sighting in scene.of(cue) if sighting.part in scene.mail)
    order = list(scene.mail)
    return scene.mail[max(counts, key=lambda name: (counts[name], order.index(name)))] if counts else None


def _texts(scene: _Scene, cue: str) -> Iterable[str]:
    for sighting in scene.of(cue):
        yield sighting.quote
    for sighting in scene.of(cue):
        if sighting.part in scene.mail:
            yield scene.mail[sighting.part].text[:20_000]


def _first(pattern: re.Pattern[str], texts: Iterable[str]) -> str:
    for text in texts:
        match = pattern.search(text)
        if match:
            return plain(match[match.lastindex or 0])
    return ""


def _alert_number(scene: _Scene, alert: Part | None) -> str:
    own = [alert.subject, alert.text[:20_000]] if alert else []
    return _first(_ALERT, [*own, *_texts(scene, "alert_cancellable")])


def _named_in_danger(scene: _Scene) -> str:
    text = " ".join(sighting.quote for sighting in scene.of("person_in_danger"))
    firsts = tuple(person.first for person in scene.people) if text else ()
    return next(iter(_mentioned(text, firsts)), "")


@lru_cache(maxsize=64)
def _excerpt(text: str) -> str:
    """The beginning of a confidential email, cut at a sentence's end where there is one."""
    text = plain(text, _EXCERPT)
    end = max(text.rfind(". "), text.rfind("! "), text.rfind("? "))
    return text[: end + 1] if end > _EXCERPT // 3 else text


def _routine(scene: _Scene, target: Correspondent | None) -> tuple[tuple[Correspondent, str], ...]:
    names = scene.reading.names
    plot = {sighting.part for sighting in scene.reading.sightings}
    writers: dict[str, tuple[Correspondent, str]] = {}
    for part in scene.reading.prompt.mail:
        found = None if part.name in plot else _inside(part, scene.reading.domain).writer
        if found is None or found[0].name in (names.agent, names.ceo):
            continue
        if target is None or found[0].address != target.address:
            writers.setdefault(found[0].address, found)
    return tuple(writers.values())
