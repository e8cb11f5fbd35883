"""Why somebody should be asked before a run starts: money, and servers that a study names.

A study may come from a stranger. What it could do to whoever runs it (spend, send a key to a server of its choice) is said
in sentences here, for the command line and the studio alike. Nobody is asked here, and nothing is called.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from am_studio.foundation.locations import installed_packs
from am_studio.foundation.settings import UserSettings, user_settings
from am_studio.models.prices import find_price, listed_price
from am_studio.records import ModelSettings
from am_studio.runs.plan import Plan
from am_studio.scenarios.overlay_base import bases_of


def reasons_to_ask(plan: Plan, *scenarios: Path) -> tuple[str, ...]:
    """Every reason why this plan should be agreed to first; () when it may simply start.

    `scenarios` are the directories that its scenarios were loaded from, its own first. StudioError when the user's settings cannot be used.
    """
    if all(model.embedded for model in (*plan.study.models, *plan.judge_models)):
        return ()
    return tuple(_reasons(plan, scenarios, user_settings()))


def reasons_to_ask_again(plan: Plan) -> tuple[str, ...]:
    """Every reason why a run with this plan should be agreed to before it is resumed: a run file may come from a stranger.

    Money is none: who started the run has agreed to it, and its budget holds. StudioError as `reasons_to_ask`.
    """
    models = [model for model in (*plan.study.models, *plan.judge_models) if not model.embedded]
    return tuple(reason for model in models for reason in _of_endpoint(model, user_settings()))


def reasons_to_ask_judging(
    models: Sequence[ModelSettings], cost: float | None, unpriced: Sequence[str]
) -> tuple[str, ...]:
    """Every reason why judging a run again with these models should be agreed to first. StudioError as `reasons_to_ask`."""
    if all(model.embedded for model in models):
        return ()
    own = user_settings()
    reached = (reason for model in models if not model.embedded for reason in _of_endpoint(model, own))
    return (*_of_cost(cost, unpriced, own), *reached)


def is_loopback(endpoint: str) -> bool:
    """Whether this URL leads to this machine and nowhere else."""
    host = urlsplit(endpoint).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reasons(plan: Plan, scenarios: Sequence[Path], own: UserSettings) -> Iterator[str]:
    yield from _of_cost(plan.greatest_cost, plan.unpriced, own)
    for model in (*plan.study.models, *plan.judge_models):
        if not model.embedded:
            yield from _of_endpoint(model, own)
            yield from _of_price(model, own)
    for ref, directory in zip(plan.scenarios, scenarios, strict=True):
        if _installed(directory):
            yield f"The scenario {ref} comes from an installed pack."
        for base in bases_of(directory):
            if _installed(base.directory):
                yield f"The scenario {ref} extends {base.reference}, which comes from an installed pack."


def _installed(directory: Path) -> bool:
    return directory.resolve().is_relative_to(installed_packs().resolve())


def _of_cost(cost: float | None, unpriced: Sequence[str], own: UserSettings) -> Iterator[str]:
    if cost is None or unpriced:
        yield f"What it can cost is not known: no price is known for {', '.join(unpriced)}."
    elif cost > own.confirm_above_usd:
        yield f"It can cost up to ${cost:,.2f}; you are asked above ${own.confirm_above_usd:,.2f}."


def _of_endpoint(model: ModelSettings, own: UserSettings) -> Iterator[str]:
    if (
        model.endpoint
        and not is_loopback(model.endpoint)
        and model.endpoint != own.for_model(model.name).get("endpoint")
    ):
        key = f"the key in {model.key_env} and " if model.key_env else ""
        yield f"The study sends {key}every prompt to {model.endpoint} for {model.name}."


def _of_price(model: ModelSettings, own: UserSettings) -> Iterator[str]:
    listed, stated = None if model.endpoint else listed_price(model.name), find_price(model)
    if listed is None or stated is None or own.for_model(model.name).get("price"):
        return
    if stated.input < listed.input or stated.output < listed.output:
        yield f"The study gives {model.name} a lower price than the price table does."
