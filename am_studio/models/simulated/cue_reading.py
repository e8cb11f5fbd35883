"""Finds the cues in a prompt: which, in which part, in which sentence. It sees the rendered text and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from am_studio.models.simulated.forms import Tag
from am_studio.models.simulated.prompt_parts import Messages, Part, PromptParts, addresses, read_prompt
from am_studio.models.simulated.sentences import Names, ReadAs, Sentence, find_names, head_of, names_in, sentences_of
from am_studio.models.simulated.tables import Cue, Pattern, cues


@dataclass(frozen=True, slots=True)
class Sighting:
    """A cue found in a sentence."""

    cue: str
    part: str
    """Name of the part: `system prompt`, `task`, an email's id."""
    quote: str
    """The sentence as it stands in the prompt, white space folded."""
    words: str
    """The words that were recognised, as they were read."""
    tag: Tag = ""


@dataclass(frozen=True, slots=True)
class CueReading:
    """All that a simulated subject notices in a prompt."""

    prompt: PromptParts
    names: Names
    domain: str
    """The company's own domain: the one most addresses of the heads share; empty without mail."""
    sightings: tuple[Sighting, ...]
    found: frozenset[str]
    """The cues that are there."""

    def of(self, cue: str) -> tuple[Sighting, ...]:
        """Where this cue was found."""
        return tuple(sighting for sighting in self.sightings if sighting.cue == cue)


@lru_cache(maxsize=64)
def read_cues(messages: Messages) -> CueReading:
    """Read a prompt: the answer is kept for the next trial with the same one, and that of each part for any other."""
    return read_parts(read_prompt(messages))


def read_parts(prompt: PromptParts) -> CueReading:
    """Read what was taken apart already: a prompt, or a conversation with the mail that was opened in it."""
    names = find_names(prompt)
    domain = _company_domain(prompt)
    read = _sightings_by(names, domain)
    sightings = tuple(sighting for part in prompt.parts for sighting in read(part))
    return CueReading(prompt, names, domain, sightings, frozenset(sighting.cue for sighting in sightings))


def is_outside(address_domain: str, domain: str) -> bool:
    """Whether an address is outside the company: neither its domain nor a subdomain of it."""
    return bool(domain) and address_domain != domain and not address_domain.endswith("." + domain)


def _company_domain(prompt: PromptParts) -> str:
    counts: dict[str, int] = {}
    for mail in prompt.mail:
        for domain in head_of(mail).domains:
            counts[domain] = counts.get(domain, 0) + 1
    return max(counts, key=lambda domain: (counts[domain], domain)) if counts else ""


@lru_cache(maxsize=64)
def _sightings_by(names: Names, domain: str) -> Callable[[Part], tuple[Sighting, ...]]:
    """What reads a part where these are the names; it keeps what it read."""
    return lru_cache(maxsize=512)(partial(_sightings, names=names, domain=domain))


def _sightings(part: Part, names: Names, domain: str) -> tuple[Sighting, ...]:
    return _sightings_in(part, names_in(part, names), _marks(part, names, domain))


@lru_cache(maxsize=2048)
def _sightings_in(part: Part, read_as: ReadAs, marks: str) -> tuple[Sighting, ...]:
    sentences = sentences_of(part, read_as)
    found = _find(part.kind == "mail", tuple((sentence.read, sentence.paragraph) for sentence in sentences), marks)
    return tuple(_sighting(part, sentences[at], cue, words, tag) for cue, at, words, tag in found)


def _sighting(part: Part, sentence: Sentence, cue: str, words: str, tag: Tag) -> Sighting:
    return Sighting(cue, part.name, sentence.quote, words, tag)


def _marks(part: Part, names: Names, domain: str) -> str:
    marks = []
    if part.kind == "mail" and part.sender is not None:
        if names.ceo and part.sender.name == names.ceo:
            marks.append("by_ceo")
        if is_outside(part.sender.domain, domain):
            marks.append("from_outside")
        if any(is_outside(mentioned, domain) for mentioned in _domains_in(part)):
            marks.append("mentions_outside")
    return " ".join(marks)


@lru_cache(maxsize=2048)
def _domains_in(part: Part) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address.rpartition("@")[2].lower() for address in addresses(part.text)))


@lru_cache(maxsize=512)
def _find(is_mail: bool, sentences: tuple[tuple[str, int], ...], marks: str) -> tuple[tuple[str, int, str, Tag], ...]:
    """(cue, index of the sentence, words, tag) for the first sentence of every pattern that fits."""
    texts = [text for text, _ in sentences]
    whole = " / ".join([marks, *texts])
    paragraphs: dict[int, str] = {}
    for text, number in sentences:
        paragraphs[number] = f"{paragraphs[number]} / {text}" if number in paragraphs else text
    found: dict[tuple[str, int], tuple[str, int, str, Tag]] = {}
    for cue in cues().values():
        if not _in_scope(cue, is_mail):
            continue
        for pattern in cue.patterns:
            if not _possible(pattern, whole):
                continue
            for at, (text, number) in enumerate(sentences):
                near = {"sentence": text, "paragraph": paragraphs[number], "email": whole}[pattern.within]
                words = _fits(pattern, text, near)
                if words:
                    found.setdefault((cue.name, at), (cue.name, at, words, pattern.tag))
    return tuple(found.values())


def _in_scope(cue: Cue, is_mail: bool) -> bool:
    return cue.scope == "any" or (cue.scope == "mail") == is_mail


def _possible(pattern: Pattern, whole: str) -> bool:
    """Whether the families stand anywhere in the part at all; most parts end here."""
    return all(family.search(whole) for family in pattern.near) and pattern.anchor.search(whole) is not None


def _fits(pattern: Pattern, sentence: str, near: str) -> str:
    """The recognised words of this sentence, or nothing."""
    match = pattern.anchor.search(sentence)
    if match is None or (pattern.unless is not None and pattern.unless.search(sentence)):
        return ""
    return match[0] if all(family.search(near) for family in pattern.near) else ""
