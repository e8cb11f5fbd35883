"""What a study's requests can come to, before the first of them: tokens, counted on real prompts, and US dollars.

Every distinct prompt is counted up to `MOST_COUNTED`; of more, that many at equal distances are, and their mean stands for
the others. Costs leave out retries and a judge's requests. Nothing is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from am_studio.designs.base import BASELINE
from am_studio.models.prices import Price, find_price
from am_studio.models.tokens import (
    MESSAGE_TOKENS,
    at_most,
    count_functions,
    count_messages,
    count_tokens,
    counted_by,
    estimate_tokens,
)
from am_studio.records import Mail, ModelSettings, Study, TrialSpec, Variant
from am_studio.scenarios import Scenario, situate
from am_studio.trials.functions import functions

MOST_COUNTED = 100
"""Distinct prompts that are counted for one model; rendering and counting one takes a few milliseconds."""
SHORTEST_CACHED = 1024
"""Tokens below which providers keep no prompt in their cache."""
ANSWER_TOKENS = 100
"""What the mail client answers to the calls of one turn that read no mail, in our tokens, at most."""
REPLY_WRAPPING = 10 * MESSAGE_TOKENS
"""What a chat format wraps around a reply with its calls, at most, where there are no more than nine."""
USUAL_REPLY_TOKENS = 300
"""Assumed for what is expected, not for what is possible: what an earlier turn of a conversation adds to be read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one prompt has a model read in one trial, in our own tokens."""

    prompt: int
    """With the functions that may be called."""
    inbox: int
    """All mail of the trial, listed once and read once, where that is done by calling functions."""
    turns: int

    @property
    def expected(self) -> int:
        """Over the whole trial: every turn reads the prompt and what came before it, half of the inbox among that."""
        later = sum(self.inbox // 2 + turn * USUAL_REPLY_TOKENS for turn in range(1, self.turns))
        return self.prompt * self.turns + later

    def greatest_cost(self, price: Price, max_tokens: int) -> float:
        """US dollars for the whole trial: every turn is taken and writes `max_tokens`, and the first reads the whole inbox.

        An agent that reads the same mail again and again can exceed it.
        """
        cost = 0.0
        for turn in range(self.turns):
            told = self.prompt + self.inbox * (turn > 0) + turn * ANSWER_TOKENS
            # The model's own earlier replies are in the provider's tokens already.
            cost += price.at_most(at_most(told) + turn * (max_tokens + REPLY_WRAPPING), max_tokens)
        return cost


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one model's trials come to."""

    prompt_tokens: int
    """Of the longest prompt."""
    read_tokens: int
    """Of all trials together, as expected."""
    counted: int
    prompts: int
    """Distinct prompts that were counted, and that there are among the trials named so far."""
    input_cost: float | None
    """US dollars for what is expected to be read, at the full price; None: no price is known."""
    cached_cost: float | None
    """The same where the provider's prompt cache has all but the first reading of each prompt; None: it has no such price,
    or no prompt is long enough."""
    greatest_cost: float | None
    """US dollars at most; None: no price is known."""
    recheck_cost: float
    """US dollars at most that every later session of work adds; 0 where nothing is re-run or no price is known."""


class Forecaster:
    """Forecasts of a study's models, with each prompt rendered and counted once."""

    def __init__(self, study: Study, scenario: Scenario) -> None:
        self._study, self._scenario = study, scenario
        self._counted: dict[Variant, Reading] = {}
        self._count = estimate_tokens if all(model.simulated for model in study.models) else count_tokens

    @property
    def counted_by(self) -> str:
        """What the tokens are counted by; a study of simulated subjects alone is not worth loading a table for."""
        return "estimated" if self._count is estimate_tokens else counted_by()

    def forecast(self, model: ModelSettings, named: Iterable[TrialSpec], still_to_name: int) -> Forecast:
        """Of the trials that are named for a model, and so many more of which nobody knows the prompt yet."""
        own = [spec for spec in named if spec.model == model.name]
        variants = Counter(spec.variant for spec in own)
        reference = next((spec.variant for spec in own if spec.arm == BASELINE), None)
        baseline = reference or self._scenario.variant(self._study.baseline)
        chosen = _spread(list(variants) or [baseline])
        trials = _Trials(
            tuple((self._reading(variant), variants[variant]) for variant in chosen),
            others=variants.total() - sum(variants[variant] for variant in chosen) + still_to_name,
            prompts=max(len(variants), 1),
        )
        price, most = find_price(model), model.sampling(self._study.sampling).max_tokens
        rechecked = 0 if model.embedded else self._study.recheck
        return Forecast(
            prompt_tokens=trials.longest.prompt,
            read_tokens=round(trials.expected),
            counted=len(chosen),
            prompts=trials.prompts,
            input_cost=None if price is None else price.input * trials.expected,
            cached_cost=None if price is None else trials.cached_cost(price),
            greatest_cost=None if price is None else trials.greatest_cost(price, most),
            recheck_cost=0.0 if price is None else rechecked * self._reading(baseline).greatest_cost(price, most),
        )

    def _reading(self, variant: Variant) -> Reading:
        known = self._counted.get(variant)
        if known is None:
            situation = situate(self._scenario, variant, self._study.protocol)
            messages = (message.text for message in situation.prompt.messages)
            native = situation.protocol == "tools"
            mail = [text for one in situation.mail for text in (_head(one), _head(one), one.body)] if native else []
            known = self._counted[variant] = Reading(
                count_messages(messages, self._count)
                + (count_functions(functions(situation), self._count) if native else 0),
                count_messages(mail, self._count),
                self._study.turns,
            )
        return known


@dataclass(frozen=True, slots=True)
class _Trials:
    """The trials of one model: prompts that were counted, with their number of trials, and the others."""

    counted: tuple[tuple[Reading, int], ...]
    others: int
    """Trials whose prompts were not counted, or are not known yet."""
    prompts: int
    """Distinct ones."""

    @property
    def longest(self) -> Reading:
        return max((reading for reading, _ in self.counted), key=lambda reading: reading.expected)

    @property
    def expected(self) -> float:
        """Tokens read, over all trials."""
        known = sum(reading.expected * trials for reading, trials in self.counted)
        trials = sum(trials for _, trials in self.counted)
        mean = known / trials if trials else self.longest.expected
        return known + mean * self.others

    def greatest_cost(self, price: Price, max_tokens: int) -> float:
        """US dollars; prompts that were not counted are taken to be as long as the longest."""
        known = sum(reading.greatest_cost(price, max_tokens) * trials for reading, trials in self.counted)
        return known + self.longest.greatest_cost(price, max_tokens) * self.others

    def cached_cost(self, price: Price) -> float | None:
        """US dollars for what is read when each prompt is read once in full and from the cache afterwards."""
        if price.cached is None or self.longest.prompt < SHORTEST_CACHED:
            return None
        mean = sum(reading.prompt for reading, _ in self.counted) / len(self.counted)
        once = min(mean * self.prompts, self.expected)
        return max(price.input, price.cache_write or 0.0) * once + price.cached * (self.expected - once)


def _head(mail: Mail) -> str:
    return "\n".join((mail.id, mail.sender, *mail.to, *mail.cc, mail.subject, mail.sent, *mail.attachments))


def _spread(variants: list[Variant]) -> list[Variant]:
    """At most `MOST_COUNTED` of them, at equal distances."""
    step = max(len(variants) / MOST_COUNTED, 1.0)
    return [variants[int(index * step)] for index in range(min(len(variants), MOST_COUNTED))]
