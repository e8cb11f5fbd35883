"""Sets up everything that is asked in a run: a line for each model, one queue for all lines that share a provider's limits."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from am_studio.models.base import Client
from am_studio.models.prices import find_price
from am_studio.records import ModelSettings
from am_studio.runs.breaker import Breaker
from am_studio.runs.conversation import Line
from am_studio.runs.engine_settings import EngineSettings
from am_studio.runs.flow import Lane, Provider, TellPause
from am_studio.runs.throttle import Throttle, strictest


def make_lines(
    clients: Mapping[ModelSettings, Client],
    settings: EngineSettings,
    chance: random.Random,
    *,
    tell_pause: TellPause,
    tell_resumed: Callable[[str], None],
    stop: Callable[[ModelSettings, str], None],
) -> dict[ModelSettings, Line]:
    """A line for each of these models, open."""
    groups: dict[str, list[ModelSettings]] = {}
    for model in clients:
        groups.setdefault(model.name if model.embedded else model.provider, []).append(model)
    lines = {}
    for group in groups.values():
        provider = Provider(_throttle(group, settings, chance), settings.sleep, settings.clock)
        for model in group:
            lane = Lane(
                model.name,
                provider,
                Breaker(settings.failures, settings.probes, chance),
                tell_pause=tell_pause,
                tell_resumed=tell_resumed,
                stop=partial(stop, model),
            )
            lines[model] = Line(model, clients[model], find_price(model), lane)
    return {model: lines[model] for model in clients}


def _throttle(group: Iterable[ModelSettings], settings: EngineSettings, chance: random.Random) -> Throttle:
    models = tuple(group)
    if models[0].embedded:
        most = settings.simulated_concurrency
        return Throttle(most, start=most, chance=chance)
    known = strictest(model.limits for model in models)
    return Throttle(settings.ceiling(known.concurrency), known, chance=chance)
