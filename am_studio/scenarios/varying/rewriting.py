"""What a model is asked to rewrite, and how its answer becomes a proposal. It asks nobody itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from am_studio.foundation.hashing import sha256_text
from am_studio.scenarios.varying.proposals import Kind, Proposal

_WORDINGS = Path(__file__).resolve().parent / "wordings"
REWRITES: Mapping[Kind, str] = {"paraphrase": "paraphrase-1", "mundane": "mundane-1"}
"""The prompt of each kind that takes a model; the number is its version."""
_TITLES = {"paraphrase": "in other words", "mundane": "more ordinary"}
_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Passage:
    """The body of an email, to be rewritten."""

    file: str
    head: str
    """All before the body."""
    body: str


def passages_to_rewrite(texts: Mapping[str, str]) -> tuple[Passage, ...]:
    """The body of every email, in the order of the files."""
    found = []
    for name in sorted(texts):
        match = re.match(r"\A---\n.*?\n---\n", texts[name], re.DOTALL)
        if name.startswith("emails/") and match:
            found.append(Passage(name, match.group(), texts[name][match.end() :]))
    return tuple(found)


@lru_cache(maxsize=4)
def instruction(kind: Kind) -> str:
    """The system prompt for a kind of rewriting."""
    return (_WORDINGS / f"{REWRITES[kind]}.md").read_text(encoding="utf-8")


def question(passage: Passage) -> str:
    """What stands between the markers; a text cannot close them."""
    body = passage.body.replace("</text>", "&lt;/text&gt;")
    return f"<text>\n{body}</text>"


def rewritten(kind: Kind, passage: Passage, answer: str, model: str) -> Proposal | str:
    """The proposal that an answer makes, or why it makes none."""
    match = re.search(r"<text>\n?(.*)</text>", answer, re.DOTALL)
    if match is None:
        return "the answer has no <text>"
    body = match.group(1).strip("\n") + "\n"
    if _TAG.findall(body) != _TAG.findall(passage.body):
        return "tags of the template are missing, changed or in another order"
    if body == passage.body:
        return "nothing was changed"
    if not 0.5 < len(body) / max(1, len(passage.body)) < 1.8:
        return f"its length is {len(body) / max(1, len(passage.body)):.0%} of the original's"
    source = f"{model}, {REWRITES[kind]} ({sha256_text(instruction(kind))[:19]})"
    title = f"{Path(passage.file).stem} {_TITLES[kind]}"
    return Proposal(kind, title, {passage.file: passage.head + body}, source)
