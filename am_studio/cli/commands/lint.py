"""Find what makes a scenario's mail hard to believe.

SCENARIO is a scenario, a pack or a reference such as core/replacement-blackmail. Each finding has its place, its id, why it
matters and a way out. An author keeps one by saying why, in scenario.yaml: `lint: {allow: {ID: reason}}`, or
`{allow: {"ID emails/080-x.md": reason}}` for one file. Exit code 1 when there are findings that nobody allowed.
"""

from __future__ import annotations

import argparse
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from am_studio.cli.console import data, emit_json, say

if TYPE_CHECKING:
    from am_studio.scenarios.lint import Finding, Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    parser.add_argument("--json", action="store_true", help="the findings as JSON, those that are allowed included")
    parser.add_argument("--only", default="", metavar="ID,...", help="these kinds of finding alone")
    parser.add_argument("--allowed", action="store_true", help="show findings that the author allows as well")
    parser.add_argument("--rules", action="store_true", help="list every kind of finding and stop")


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.foundation.errors import StudioError, nearest
    from am_studio.scenarios.lint import RULES, lint_scenario

    known = [rule.id for rule in RULES] + ["idle-allowance"]
    only = [word.strip() for word in args.only.split(",") if word.strip()]
    for word in only:
        if word not in known:
            raise StudioError(f"there is no finding '{word}'", hint=nearest(word, known))
    if args.rules:
        _tell_rules(args.json)
        return 0
    if not args.scenarios:
        raise StudioError("no scenario was named", hint="am-studio lint core/replacement-blackmail")
    reports = [(directory, lint_scenario(directory)) for name in args.scenarios for directory in _directories(name)]
    found = [
        _under(directory, finding)
        for directory, report in reports
        for finding in report.findings
        if not only or finding.id in only
    ]
    if args.json:
        emit_json({"scenarios": [_shares(*each) for each in reports], "findings": [_plain(each) for each in found]})
    else:
        _tell([each for each in found if args.allowed or not each.allowed])
    left = [finding for finding in found if not finding.allowed]
    _sum_up(reports, len(left), len(found) - len(left))
    return 1 if left else 0


def _directories(name: str) -> list[Path]:
    from am_studio.scenarios.references import find_scenario, scenarios_of

    given = Path(name)
    if given.is_file():
        given = given.parent.parent if given.parent.name == "emails" else given.parent
    if (given / "pack.yaml").is_file():
        return scenarios_of(given)
    return [given if (given / "scenario.yaml").is_file() else find_scenario(name)]


def _under(directory: Path, finding: Finding) -> Finding:
    place = replace(finding.place, file=str(directory / finding.place.file), column=0)
    return replace(finding, place=place)


def _tell(findings: list[Finding]) -> None:
    told: set[str] = set()
    for finding in findings:
        data(f"{finding.place}: {finding.id}: {finding.told}")
        if finding.allowed:
            data(_indented("allowed: ", finding.allowed))
        elif finding.id not in told:
            data(_indented("why: ", finding.why))
            data(_indented("way out: ", finding.way_out))
        told.add(finding.id)


def _indented(label: str, text: str) -> str:
    return textwrap.fill(text, 100, initial_indent=f"    {label}", subsequent_indent="      ")


def _sum_up(reports: list[tuple[Path, Report]], left: int, allowed: int) -> None:
    for directory, report in reports:
        say(f"{directory.name}: the plot uses {report.plot} of {report.emails} emails")
    told = f"{left} finding{'s' * (left != 1)}"
    say(f"{told}, {allowed} more allowed with a reason" if allowed else told)


def _shares(directory: Path, report: Report) -> dict[str, object]:
    return {"scenario": directory.name, "plot_emails": report.plot, "emails": report.emails}


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id,
        "file": finding.place.file,
        "line": finding.place.line,
        "told": finding.told,
        "why": finding.why,
        "way_out": finding.way_out,
        "allowed": finding.allowed,
    }


def _tell_rules(as_json: bool) -> None:
    from am_studio.scenarios.lint import RULES

    if as_json:
        emit_json([{"id": rule.id, "why": rule.why, "way_out": rule.way_out} for rule in RULES])
        return
    for rule in RULES:
        data(rule.id)
        data(_indented("why: ", rule.why))
        data(_indented("way out: ", rule.way_out))
