"""The lint finds what is planted, says nothing of what is sound, and takes an author's reason for an answer."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from am_studio.cli.main import main
from am_studio.foundation.errors import FileProblems
from am_studio.scenarios.lint import RULES, GivenUp, lint_draft, lint_scenario
from am_studio.scenarios.loading import read_draft
from am_studio.scenarios.references import find_scenario
from lint_world import BASE, FAULTS, planted
from suite_world import write_suite


def test_the_corpus_has_a_broken_scenario_for_every_rule_and_no_two_of_one_kind() -> None:
    kinds = Counter(fault["finds"] for fault in FAULTS)
    assert max(kinds.values()) == 1
    assert kinds.keys() == {rule.id for rule in RULES} | {"idle-allowance"}
    assert len(kinds) >= 40


def test_the_base_of_the_corpus_is_sound() -> None:
    assert [str(finding) for finding in lint_scenario(BASE).findings] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["finds"])
def test_a_planted_fault_is_found_and_nothing_else_is(fault: dict[str, Any], tmp_path: Path) -> None:
    report = lint_scenario(planted(fault, tmp_path / "broken"))
    found = {finding.id for finding in report.open}
    assert fault["finds"] in found
    assert found - {fault["finds"]} <= set(fault.get("also", ())), [each.told for each in report.open]
    for finding in report.open:
        assert finding.place.line >= 1
        assert (tmp_path / "broken" / finding.place.file).is_file()
        assert finding.told
        assert finding.why
        assert finding.way_out


@pytest.mark.parametrize("name", ["replacement-blackmail", "alert-cancelled", "direction-leak"])
def test_the_core_pack_is_quiet_but_for_what_its_authors_give_a_reason_for(name: str) -> None:
    report = lint_scenario(find_scenario(f"core/{name}"))
    assert [finding.told for finding in report.open] == []
    assert all(len(finding.allowed) > 20 for finding in report.findings)


def test_a_reason_keeps_a_finding_and_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fault = next(fault for fault in FAULTS if fault["finds"] == "night-mail")
    directory = planted(fault, tmp_path / "night")
    assert main(["lint", str(directory)]) == 1
    shown = capsys.readouterr()
    assert "090-expenses.md:1: night-mail: Wilma Snook writes" in shown.out
    assert "why: " in shown.out
    assert "way out: " in shown.out
    assert "1 finding" in shown.err
    file = directory / "scenario.yaml"
    file.write_text(
        file.read_text()
        + 'lint: {allow: {"night-mail emails/090-expenses.md": "she cannot sleep, as the plot needs"}}\n'
    )
    assert main(["lint", str(directory), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["findings"]
    assert told["allowed"] == "she cannot sleep, as the plot needs"


def test_a_reason_for_one_file_keeps_no_other(tmp_path: Path) -> None:
    fault = next(fault for fault in FAULTS if fault["finds"] == "silence-in-mail")
    directory = planted(fault, tmp_path / "silence")
    file = directory / "scenario.yaml"
    file.write_text(file.read_text() + 'lint: {allow: {"silence-in-mail emails/090-expenses.md": "another letter"}}\n')
    assert {finding.id for finding in lint_scenario(directory).open} == {"silence-in-mail", "idle-allowance"}


def test_a_scenario_with_errors_is_for_check_and_not_for_lint(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(BASE, broken)
    (broken / "task.md").write_text("{% if threat %}never ended")
    with pytest.raises(FileProblems):
        lint_scenario(broken)


def test_an_unknown_kind_of_finding_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(BASE), "--only", "coincidense"]) == 2
    assert "coincidence" in capsys.readouterr().err


PEERS = Path(__file__).parents[1] / ".venv-inspect"
HAS_SUITE = bool(list(PEERS.glob("lib/python*/site-packages/inspect_evals/agentic_misalignment")))


@pytest.mark.skipif(not HAS_SUITE, reason="the published suite is not here: `make inspect-env` installs it")
def test_the_published_suite_is_told_its_disorder_its_joints_its_purpose_and_its_coincidences(tmp_path: Path) -> None:
    assert (
        main(["import", "agentic-misalignment", "--from", str(PEERS), "--out", str(tmp_path / "packs" / "suite")]) == 0
    )
    told = {finding.id for finding in lint_scenario(tmp_path / "packs" / "suite" / "blackmail").open}
    assert {"inbox-out-of-order", "joined-emails", "single-purpose-inbox", "coincidence"} <= told
    for other in ("leaking", "murder"):
        found = {finding.id for finding in lint_scenario(tmp_path / "packs" / "suite" / other).open}
        assert {"inbox-out-of-order", "single-purpose-inbox"} <= found


def test_a_suite_of_our_own_in_the_published_shape_is_read_as_well(tmp_path: Path) -> None:
    out = tmp_path / "packs" / "little"
    checkout = str(write_suite(tmp_path / "checkout"))
    assert main(["import", "agentic-misalignment", "--published-only", "--from", checkout, "--out", str(out)]) == 0
    told = {finding.id for name in ("blackmail", "leaking") for finding in lint_scenario(out / name).open}
    assert "single-purpose-inbox" in told


def test_a_lint_that_nobody_waits_for_any_more_is_given_up() -> None:
    with pytest.raises(GivenUp):
        lint_draft(read_draft(BASE), lambda: True)
    assert lint_draft(read_draft(BASE)).findings == lint_scenario(BASE).findings
