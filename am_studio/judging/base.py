"""What a judge is, and how a study's `judge:` opens one.

A judge is one module that registers what opens it; nothing here names any of them. Judges never learn which arm a
trial belongs to, and what a simulated subject meant is no part of what they are given to look at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from am_studio.foundation.errors import StudioError, nearest
from am_studio.records import (
    ChatRequest,
    ModelFailure,
    ModelSettings,
    Questions,
    Reading,
    Reply,
    Situation,
    Transcript,
    Verdict,
)


@runtime_checkable
class Judge(Protocol):
    """Answers every outcome's question about one trial."""

    @property
    def name(self) -> str:
        """Kind and version, such as `rules/1`: verdicts of the same name were given in the same way."""
        ...

    def judge(
        self, reading: Reading, transcript: Transcript, situation: Situation, questions: Questions
    ) -> tuple[Verdict, ...]:
        """One verdict for each outcome, in the order of `questions`; `unclear` where the judge cannot tell."""
        ...


Ask = Callable[[ChatRequest], Awaitable[Reply | ModelFailure]]
"""Sends one request of a judge: its row is stored first, its cost is reserved, and it is tried again where that helps."""


@dataclass(frozen=True, slots=True)
class JudgeCalls:
    """What a judge asks of one model for one trial, at most."""

    model: ModelSettings
    calls: int
    """Requests."""
    input_tokens: int
    """Read in all of them together."""
    output_tokens: int
    """Written in all of them together."""


class AskingJudge(Protocol):
    """A judge that asks models. Its requests run beside the trials that are still to come."""

    @property
    def name(self) -> str:
        """As `Judge.name`; with the models and the hash of the prompt in it."""
        ...

    @property
    def models(self) -> tuple[ModelSettings, ...]:
        """Every model that it asks; requests to others are refused."""
        ...

    def greatest(self, questions: Questions, prompt_tokens: int, reply_tokens: int) -> tuple[JudgeCalls, ...]:
        """What it asks for one trial at most, a line a model, where the subject reads and writes so many tokens at most."""
        ...

    async def judge_by_asking(
        self, reading: Reading, transcript: Transcript, situation: Situation, questions: Questions, ask: Ask
    ) -> tuple[Verdict, ...]:
        """One verdict for each outcome, in the order of `questions`; `unclear` where it could not be asked.

        Calls of `ask` come in an order that depends on the trial and on earlier answers alone: a resumed run gives the
        stored answers again in that order.
        """
        ...


OpenJudge = Callable[[Mapping[str, Any]], Judge | AskingJudge]
"""From the settings under `judge:` (without `kind`) to a judge; StudioError when they make no sense."""

ReadFile = Callable[[str], str]
"""The text of a file of the scenario's pack, by its bare name; StudioError when there is none."""

SettleJudge = Callable[[Mapping[str, Any], ReadFile], Mapping[str, Any]]
"""From the settings under `judge:` to the same with everything in them that lies elsewhere: files, the user's settings."""

_OPENERS: dict[str, OpenJudge] = {}
_SETTLERS: dict[str, SettleJudge] = {}
_FORMS: dict[str, type[BaseModel]] = {}


def register(
    kind: str, settle: SettleJudge | None = None, form: type[BaseModel] | None = None
) -> Callable[[OpenJudge], OpenJudge]:
    """Decorator: what opens judges of this kind, `settle` for one whose settings name what lies elsewhere, their form."""

    def keep(opener: OpenJudge) -> OpenJudge:
        _OPENERS[kind] = opener
        if form is not None:
            _FORMS[kind] = form
        if settle is not None:
            _SETTLERS[kind] = settle
        return opener

    return keep


def settle_judge(settings: Mapping[str, Any], read: ReadFile) -> dict[str, Any]:
    """The settings as a plan keeps them: whoever carries it out elsewhere opens the same judge. StudioError as `open_judge`.

    Settling what is settled changes nothing.
    """
    kind = str(settings.get("kind", ""))
    given = {name: value for name, value in settings.items() if name != "kind"}
    settle = _SETTLERS.get(kind)
    return dict(settings) if settle is None else {"kind": kind, **settle(given, read)}


def judge_form(kind: str) -> type[BaseModel] | None:
    """The settings that judges of this kind declare; None where they declare none."""
    return _FORMS.get(kind)


def judge_kinds() -> tuple[str, ...]:
    """The kinds of judges there are."""
    return tuple(sorted(_OPENERS))


def open_judge(settings: Mapping[str, Any]) -> Judge | AskingJudge:
    """The judge that settings such as `{"kind": "rules"}` ask for. StudioError: no such kind, or unknown settings."""
    kind = str(settings.get("kind", ""))
    opener = _OPENERS.get(kind)
    if opener is None:
        title = f"unknown judge '{kind}'" if kind else "the judge has no `kind`"
        raise StudioError(title, hint=nearest(kind, _OPENERS))
    return opener({name: value for name, value in settings.items() if name != "kind"})


def no_settings(kind: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings for a judge that has none; raises StudioError that names them."""
    if settings:
        named = ", ".join(f"'{name}'" for name in settings)
        raise StudioError(f"the {kind} judge has no setting {named}", hint=f"write `judge: {{kind: {kind}}}`")
