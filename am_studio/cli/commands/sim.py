"""The simulated subjects: what they notice in a prompt, how likely they do what, and the same subjects over HTTP.

`sim explain` shows, for one variant of a scenario, the cues found in each part of the prompt (or `no cue recognised`),
the terms behind each act, and exact probabilities. `sim serve` answers on loopback in the OpenAI chat format, with faults
on request. Simulated subjects are no evidence about any real model.
"""

from __future__ import annotations

import argparse

from am_studio.cli.arguments import add_set, parse_settings
from am_studio.cli.console import emit_json, say, stdout_console
from am_studio.cli.explanation_view import STAMP, as_json, show_explanation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="explain|serve")
    explain = actions.add_parser("explain", help="cues found in a variant, and exact probabilities")
    explain.add_argument("scenario", help="a reference such as core/replacement-blackmail, or a path")
    add_set(explain)
    explain.add_argument("--model", default="sim/strategist", help="a simulated subject (default: sim/strategist)")
    explain.add_argument("--json", action="store_true", help="everything as JSON, beliefs and terms included")
    explain.set_defaults(carry_out=_explain)
    _add_serve(actions)


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    return int(args.carry_out(args))


def _explain(args: argparse.Namespace) -> int:
    from am_studio.models.simulated import explain
    from am_studio.scenarios import load_scenario, render

    scenario = load_scenario(args.scenario)
    variant = scenario.variant(parse_settings(args.settings))
    prompt = render(scenario, variant)
    explanation = explain(((message.role, message.text) for message in prompt.messages), args.model)
    if args.json:
        shown = as_json(explanation)
        emit_json({"scenario": scenario.ref, "variant": variant.as_dict(), "prompt_hash": prompt.hash, **shown})
    else:
        say(STAMP)
        show_explanation(explanation, stdout_console())
    return 0


def _add_serve(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from am_studio.models.serving.faults import FAULTS

    told = "\n".join(f"  {name + kind.form:<26} {kind.summary}" for name, kind in FAULTS.items())
    serve = actions.add_parser(
        "serve",
        help="the simulated subjects over HTTP, in the OpenAI chat format",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Answers as the in-process subjects do to the same messages, seed and max_tokens. The first line on\n"
        "stdout is the base URL. Faults strike every request with --fault, or those under BASE/fault/SPEC/v1.",
        epilog=f"faults, in a comma list such as latency=0.2,429=0.1:2 (a tenth of the requests rate limited, with\nRetry-After: 2), the first that strikes wins:\n{told}",
    )
    serve.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1, this machine alone)")
    serve.add_argument("--port", type=int, default=0, metavar="N", help="the port (default: a free one)")
    serve.add_argument("--fault", action="append", default=[], metavar="SPEC", help="faults for every request")
    serve.add_argument(
        "--seed", type=int, default=0, metavar="N", help="what chance faults are drawn from (default: 0)"
    )
    serve.add_argument(
        "--alias", action="append", default=[], metavar="NAME=SUBJECT", help="a further name, as gateways give them"
    )
    serve.add_argument("--json-ready", action="store_true", help="the first line is JSON: base_url, models, pid")
    serve.set_defaults(carry_out=_serve)


def _serve(args: argparse.Namespace) -> int:
    from am_studio.cli.sim_serve import serve

    return serve(args.host, args.port, faults=args.fault, aliases=args.alias, seed=args.seed, as_json=args.json_ready)
