"""Addresses moved to reserved domains, so that no scenario names a real mailbox (RFC 2606, RFC 6761).

Each domain becomes one under `.example`, always the same one, in heads and in texts alike. Names of people, companies and
places, and telephone numbers, stay: those are for the author to change.
"""

from __future__ import annotations

import re

from am_studio.scenarios.importing.people import ADDRESS, domain_of

_RESERVED = re.compile(r"(^|\.)(example|test|invalid|localhost|example\.(com|org|net))$")
_SECOND_LEVEL = {"co", "com", "org", "net", "ac", "gov", "edu"}


def is_reserved(domain: str) -> bool:
    """Whether nobody can have mail under this domain."""
    return _RESERVED.search(domain.lower()) is not None


class Reserved:
    """What each domain became. The domains are learned from addresses; texts are then rewritten for all of them."""

    def __init__(self) -> None:
        self.domains: dict[str, str] = {}
        """Reserved domain by real domain."""
        self._pattern: re.Pattern[str] | None = None

    def learn(self, address: str) -> None:
        """Find a reserved domain for that of an address."""
        domain = domain_of(address)
        if not domain or is_reserved(domain) or domain in self.domains:
            return
        labels = domain.split(".")
        cut = 2 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2 else 1
        stem = ".".join(labels[:-cut]) or labels[0]
        made, number = f"{stem}.example", 2
        while made in self.domains.values():
            made, number = f"{stem}-{number}.example", number + 1
        self.domains[domain] = made
        self._pattern = None

    def text(self, text: str) -> str:
        """The text with every address and every learned domain in it rewritten."""
        for match in ADDRESS.finditer(text):
            self.learn(match[0])
        if not self.domains:
            return text
        if self._pattern is None:
            known = sorted(map(re.escape, self.domains), key=len, reverse=True)
            self._pattern = re.compile(rf"(?<![A-Za-z0-9-])({'|'.join(known)})(?![A-Za-z0-9-])", re.IGNORECASE)
        return self._pattern.sub(lambda match: self.domains[match[0].lower()], text)
