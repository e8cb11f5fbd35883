"""YAML from strangers: data with places, and nothing that surprises."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from am_studio.foundation.errors import FileProblems, StudioError
from am_studio.foundation.files import read_text, write_atomic
from am_studio.foundation.yamlfile import Form, load_as, parse_yaml, read_own_yaml, read_yaml
from am_studio.models.simulated import tables


class Seat(Form):
    row: int
    name: str = ""


class Hall(Form):
    title: str
    open: bool = False
    seats: dict[str, Seat] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "told", "place"),
    [
        ("a: &x 1\nb: *x\n", "an anchor", "f.yaml:1:4"),
        ("a: *x\n", "an alias", "f.yaml:1:4"),
        ("a: !!python/object:os.system x\n", "a tag", "f.yaml:1:4"),
        ("a: 1\na: 2\n", "'a' a second time", "f.yaml:2:1"),
        ("a: {<<: {b: 1}}\n", "a merge key", "f.yaml:1:5"),
        ("a: 1\n---\nb: 2\n", "a second document", "f.yaml:2:1"),
        ("[" * 200_000, "nesting deeper", "f.yaml:1:21"),
        ("a: {{ x }}\n", "a key that is not text", "f.yaml:1:5"),
        ("a: b: c\n", "not valid YAML", "f.yaml:1:5"),
        ("a: \x01\n", "a character that YAML does not allow", "f.yaml:1:1"),
        ("", "the file is empty", "f.yaml"),
        ("a: " + "x" * 1_000_001, "larger than", "f.yaml"),
    ],
    ids=[
        "anchor",
        "alias",
        "tag",
        "twice",
        "merge",
        "documents",
        "deep",
        "braces",
        "colon",
        "control",
        "empty",
        "large",
    ],
)
def test_what_a_data_file_has_no_use_for_is_refused(text: str, told: str, place: str) -> None:
    with pytest.raises(FileProblems) as caught:
        parse_yaml(text, "f.yaml")
    (problem,) = caught.value.problems
    assert told in problem.message
    assert str(problem.place) == place


def test_values_are_what_the_author_wrote_until_the_form_types_them() -> None:
    hall = load_as(
        Hall, parse_yaml("title: NO\nopen: on\nseats: {a: {row: 7, name: 22:30}, b: {row: 1, name: 010}}\n", "f")
    )
    assert hall.title == "NO"
    assert hall.open is True
    assert hall.seats["a"].row == 7
    assert hall.seats["a"].name == "22:30"
    assert hall.seats["b"].name == "010"


def test_all_mistakes_come_together_with_their_places_and_the_nearest_spelling() -> None:
    text = "titel: x\nseats:\n  a: {rwo: 3}\n  b: {row: many}\n  c: 3\n"
    with pytest.raises(FileProblems) as caught:
        load_as(Hall, parse_yaml(text, "f.yaml"))
    told = [str(problem) for problem in caught.value.problems]
    assert told == [
        "f.yaml:1:1: error: the field 'title' is missing",
        "f.yaml:1:1: error: unknown field 'titel'; did you mean 'title'?",
        "f.yaml:3:6: error: the field 'row' is missing",
        "f.yaml:3:7: error: unknown field 'rwo'; did you mean 'row'?",
        "f.yaml:4:12: error: 'seats.b.row' should be a whole number",
        "f.yaml:5:6: error: 'seats.c' should be a mapping (name: value)",
    ]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_yaml(text, "f.yaml")
    except FileProblems as error:
        assert error.problems


def test_a_write_is_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_atomic(target, b"one\r\n")
    assert read_text(target) == "one\n"
    target.chmod(0o640)
    write_atomic(target, b"two")
    assert target.read_bytes() == b"two"
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_atomic(pipe, b"what was asked for")
    reader.join(30)
    assert read == [b"what was asked for"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_directory_is_not_written_over(tmp_path):
    with pytest.raises(StudioError, match="cannot be written"):
        write_atomic(tmp_path, b"x")


@pytest.mark.parametrize("name", ["cues.yaml", "subjects.yaml", "wordings.yaml"])
def test_the_programs_own_tables_are_read_alike_by_either_parser(name: str) -> None:
    path = tables.HERE / name
    assert read_own_yaml(path) == read_yaml(path, name)
