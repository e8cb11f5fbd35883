"""Check the installation; or, with MODEL, one model by a single cheap call through the client that runs use.

What your settings say of the model holds here too. Says what came back, or why nothing did and what helps. Names of variables are shown, values never. Exit code 0: all is
well; 1: something is wrong; 2: a wrong call.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from am_studio.cli.commands.models import is_set
from am_studio.cli.console import data, emit_json, say
from am_studio.foundation.errors import StudioError
from am_studio.foundation.hygiene import one_line
from am_studio.records import ModelFailure, ModelSettings, Reply
from am_studio.reports.effect_table import STAMP

SHOWN_CHARACTERS = 80


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, if any, and how it is reached."""
    parser.add_argument("model", nargs="?", help="such as anthropic/claude-sonnet-4-5 or sim/strategist")
    parser.add_argument("--endpoint", default="", metavar="URL", help="the server, where it is not the provider's own")
    parser.add_argument("--key-env", default="", metavar="NAME", help="the variable that holds the key")
    parser.add_argument("--client", choices=("litellm", "direct"), help="how it is reached")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="for the call (default: 60)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    """Check and tell."""
    if args.model is None:
        if args.endpoint or args.key_env:
            raise StudioError("which model?", hint="name it: am-studio doctor MODEL --endpoint URL")
        return _installation(as_data=args.json)
    if not 0 < args.timeout <= 3600:
        raise StudioError("--timeout should be more than 0 and at most 3600 seconds")
    return _model(_settings(args), args.timeout, as_data=args.json)


def _settings(args: argparse.Namespace) -> ModelSettings:
    """The model as a study would have it that only names it, with what the command line says on top."""
    from am_studio.models.naming import model_of

    settings = model_of(args.model)
    if args.endpoint and args.endpoint != settings.endpoint:
        settings = replace(settings, endpoint=args.endpoint, key_env="")
    if args.key_env:
        settings = replace(settings, key_env=args.key_env)
    return settings if args.client is None else replace(settings, client=args.client)


# The installation. ---------------------------------------------------------------------------------------------------------


def _installation(*, as_data: bool) -> int:
    from am_studio.cli.installation import check_installation

    findings = list(check_installation())
    wrong = sum(finding.state == "wrong" for finding in findings)
    if as_data:
        emit_json({"ok": not wrong, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            data(f"{finding.state:<6}{finding.about}: {one_line(finding.told)}")
            if finding.hint:
                data(f"      {finding.hint}")
        say(f"{wrong} wrong" if wrong else "all is well; am-studio doctor MODEL tries a model with one cheap call")
    return 1 if wrong else 0


# A model. ------------------------------------------------------------------------------------------------------------------


def _model(settings: ModelSettings, seconds: float, *, as_data: bool) -> int:
    from am_studio.models.diagnosis import advice, try_model

    if not (settings.embedded or as_data):
        say(f"asking {settings.name} for one word, at most 16 tokens ...")
    trial = asyncio.run(try_model(settings, seconds))
    answer = trial.answer
    if isinstance(answer, Reply):
        told = dict(_came_back(settings, answer, trial.seconds))
        helps = tuple(_notes(settings))
    else:
        told = _failed(answer)
        helps = advice(settings, answer, is_set)
    ok = isinstance(answer, Reply)
    if as_data:
        emit_json({"model": settings.name, "endpoint": settings.endpoint, "ok": ok, **told, "advice": helps})
    else:
        data(f"{settings.name}: {'works' if ok else 'does not work'}")
        for name, value in told.items():
            if value not in (None, ""):
                data(f"  {name.replace('_', ' ')}: {one_line(str(value))}")
        for sentence in helps:
            data(f"  - {one_line(sentence)}")
    return 0 if ok else 1


def _came_back(settings: ModelSettings, reply: Reply, seconds: float) -> Iterator[tuple[str, Any]]:
    from am_studio.models.catalog import catalog

    usage, listed = reply.usage, catalog().get(settings.name)
    yield "model_returned", reply.model_returned
    yield "said", reply.text[:SHOWN_CHARACTERS]
    yield "ended", reply.finish
    yield "input_tokens", usage.input_tokens
    yield "output_tokens", usage.output_tokens
    yield "cost_usd", reply.cost
    yield "seconds", round(seconds, 2)
    yield "native_reasoning", "in this reply" if reply.reasoning else listed and _listed_as(listed.reasons)
    yield "native_calls", listed and _listed_as(listed.calls_functions)
    returned = ModelSettings(reply.model_returned) if reply.model_returned else settings
    yield "stamp", STAMP if settings.simulated or returned.simulated else ""


def _listed_as(can: bool) -> str:
    return "yes, says the price table" if can else "no, says the price table"


def _failed(failure: ModelFailure) -> dict[str, Any]:
    return {"failure": failure.kind, "message": failure.message, "retry_after": failure.retry_after}


def _notes(settings: ModelSettings) -> Iterator[str]:
    from am_studio.models.prices import find_price

    if find_price(settings) is None:
        yield "No price is known: a budget cannot be kept unless the study says `price: {input: ..., output: ...}`."
