"""Each fuzz target for a moment, with seeds that stay; `make fuzz` runs them with others for longer."""

from __future__ import annotations

import importlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.foundation.errors import FileProblems
from am_studio.foundation.yamlfile import Form, load_as_far, parse_yaml
from tests.fuzz.driver import Found, Target, fuzz, mutant

TARGETS = {
    name: importlib.import_module(f"tests.fuzz.{name}").TARGET
    for name in ("yaml_events", "templates", "zips", "replies")
}


@pytest.mark.parametrize("name", TARGETS)
def test_mutants_are_read_or_refused(name: str) -> None:
    inputs = 4000 if name == "zips" else 400
    answers = fuzz(TARGETS[name], seed=7, inputs=inputs)
    assert sum(answers.values()) == inputs
    assert len(answers) >= 2, "some are read and some are refused"


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300), seed=st.integers(0, 2**32))
def test_any_bytes_and_any_mutant_are_read_or_refused(name: str, data: bytes, seed: int) -> None:
    TARGETS[name].attempt(data)
    TARGETS[name].attempt(mutant(TARGETS[name], random.Random(seed)))


def test_a_target_that_fails_says_with_what() -> None:
    def attempt(data: bytes) -> str:
        assert b"x" not in data
        return "read"

    with pytest.raises(Found, match=r"broken, seed 1, input \d+: AssertionError"):
        fuzz(Target("broken", [b"a"], [b"x"], attempt), seed=1, inputs=1000)


@pytest.mark.parametrize("text", ["- a\n", "a\n", "[]\n"])
def test_a_file_that_is_no_mapping_at_all_is_told(text: str) -> None:
    class Anything(Form):
        title: str

    form, problems = load_as_far(Anything, parse_yaml(text, "f.yaml"))
    assert form is None
    assert [str(problem) for problem in problems] == ["f.yaml:1:1: error: should be a mapping (name: value)"]


@pytest.mark.parametrize("text", ['a: "\\UFFFFFFFF"', 'a: "\\U80000041"', "%YAML 1." + "9" * 5000 + "\n---\na: 1\n"])
def test_numbers_that_the_scanner_trips_over_are_problems_of_the_file(text: str) -> None:
    with pytest.raises(FileProblems):
        parse_yaml(text, "f.yaml")
