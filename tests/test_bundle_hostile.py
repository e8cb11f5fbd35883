"""Bundles come from strangers: bombs, names that lead elsewhere, parts that are no parts. One typed line each, nothing written."""

from __future__ import annotations

import json
import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from am_studio.cli.main import main
from am_studio.foundation.errors import StudioError
from am_studio.foundation.zipread import CappedZip, Caps, wrong_name
from am_studio.reports.bundle.reproducing import reproduce
from am_studio.runs.carry import carry_out
from bundle_world import altered, bundle_of, packed, parts_of
from run_world import new_run, study_at


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bundle; made once, for nothing here alters it."""
    import textwrap

    from conftest import SMALL_FILES

    here = tmp_path_factory.mktemp("honest")
    scenario = here / "my-pack" / "small"
    (scenario / "emails").mkdir(parents=True)
    (here / "my-pack" / "pack.yaml").write_text(
        "format: 1\nname: my-pack\nversion: 1.0.0\ntitle: Mine\nauthors: [Me]\nlicense: CC-BY-4.0\ncontent_notice: F.\n"
    )
    for name, text in SMALL_FILES.items():
        (scenario / name).write_text(textwrap.dedent(text).lstrip("\n"))
    run = here / "the.amrun"
    carry_out(new_run(study_at(scenario, trials="{per_arm: 2, baseline: 2}"), run))
    return bundle_of(run, here / "b.zip").path


def entry(name: str, **more: Any) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    for field, value in more.items():
        setattr(made, field, value)
    return made


def refused(path: Path) -> StudioError:
    with pytest.raises(StudioError) as told:
        reproduce(path)
    assert "Traceback" not in str(told.value)
    return told.value


@pytest.mark.parametrize(
    "name",
    [
        "../up", "a/../../up", "/etc/passwd", "C:/x", "c:x", "a\\b", "nul", "CON.txt", "a/aux.md", "x\x00y", "x\ny",
        "\u202etxt", "a//b", "./a", "a/.", "dot.", " lead", "tab\t", "a:b", "a*b", "x" * 400, "lpt1.log", "zero\u200bwidth",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    assert wrong_name(name)
    made = tmp_path / "b.zip"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(entry(name), "x")
    refused(made)
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


def test_names_that_are_one_on_some_systems_are_refused(tmp_path: Path) -> None:
    for pair in (("Readme.md", "README.md"), ("caf\u00e9", "cafe\u0301")):
        made = packed(dict.fromkeys(pair, b"x"), tmp_path / "b.zip")
        assert "the same as" in refused(made).detail


def test_links_encryption_and_strange_methods_are_refused(tmp_path: Path) -> None:
    made = tmp_path / "b.zip"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(entry("link", create_system=3, external_attr=0o120777 << 16), "/etc/passwd")
    assert "link" in refused(made).detail
    with zipfile.ZipFile(made, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("manifest.json", "{}")
    assert "method" in refused(made).detail
    packed({"manifest.json": b"{}"}, made)
    plain = bytearray(made.read_bytes())
    plain[plain.rindex(b"PK\x01\x02") + 8] |= 1
    made.write_bytes(plain)
    assert "encrypted" in refused(made).detail


def test_bytes_that_belong_to_no_entry_are_refused(honest: Path, tmp_path: Path) -> None:
    made, plain = tmp_path / "b.zip", honest.read_bytes()
    for odd in (plain + b"more", b"#!/bin/sh\n" + plain, plain[:-40], plain[: len(plain) // 2], b"", b"PK", plain[:4]):
        made.write_bytes(odd)
        refused(made)


def test_bytes_between_entries_are_refused_and_streamed_zips_are_not(honest: Path, tmp_path: Path) -> None:
    made, plain = (
        tmp_path / "b.zip",
        bytearray(packed({"a": b"x", "manifest.json": b"{}"}, tmp_path / "b.zip").read_bytes()),
    )
    second, directory = plain.index(b"PK\x03\x04", 4), plain.index(b"PK\x01\x02")
    entry_of_second = plain.index(b"PK\x01\x02", directory + 4)
    plain[second:second] = b"hidden"
    struct.pack_into("<I", plain, entry_of_second + 6 + 42, second + 6)
    struct.pack_into("<I", plain, len(plain) - 6, directory + 6)
    made.write_bytes(plain)
    assert "belong to no entry" in refused(made).detail

    class Stream:
        """A file that cannot go back, as a pipe is."""

        def __init__(self) -> None:
            self.content = bytearray()

        def write(self, data: bytes) -> int:
            self.content += data
            return len(data)

        def flush(self) -> None:
            pass

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, content in parts_of(honest).items():
            archive.writestr(name, content)
    made.write_bytes(stream.content)
    assert reproduce(made).same


def test_a_bomb_is_refused_at_once_without_being_unpacked(tmp_path: Path) -> None:
    made = tmp_path / "bomb.zip"
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = squeezed.compress(bytes(1 << 20)) + squeezed.flush()
    claimed = 5 << 30
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", bytes(1 << 20))
    plain = bytearray(made.read_bytes())
    directory = plain.rindex(b"PK\x01\x02")
    struct.pack_into("<I", plain, directory + 24, claimed & 0xFFFFFFFF)
    made.write_bytes(plain)
    assert len(body) < 42_000
    tracemalloc.start()
    began = time.process_time()
    refused(made)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2):
            with archive.open(zipfile.ZipInfo(f"part-{number}"), "w") as part:
                for _ in range(12):
                    part.write(bytes(1 << 20))
    with pytest.raises(StudioError, match="unpacks to more"):
        CappedZip.open(made, Caps(unpacked=16 << 20, member=16 << 20))
    with pytest.raises(StudioError, match="refused"):
        CappedZip.open(made, Caps(unpacked=64 << 20, member=8 << 20))
    with pytest.raises(StudioError, match="more than 1 entries"):
        CappedZip.open(made, Caps(members=1))
    with pytest.raises(StudioError, match="larger than"):
        CappedZip.open(made, Caps(archive=1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    assert time.process_time() - began < 60  # it is a matter of milliseconds; no more than a ceiling


def test_a_part_that_holds_more_than_it_declares_is_damaged(tmp_path: Path) -> None:
    made = packed({"manifest.json": b"x" * 5000}, tmp_path / "b.zip")
    plain = bytearray(made.read_bytes())
    struct.pack_into("<I", plain, plain.rindex(b"PK\x01\x02") + 24, 100)
    made.write_bytes(plain)
    refused(made)


@pytest.mark.parametrize(
    "name", ["manifest.json", "plan.json", "run.json", "trials.jsonl", "effects.json", "verdicts.jsonl"]
)
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"format": 1}', b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}', b'{"trial": 1e999}', b"{}\n{}"],
    ids=["empty", "cut", "list", "null", "bare", "no-text", "deep", "nan", "inf", "two"],
)  # fmt: skip
def test_a_part_of_another_form_is_one_typed_line(honest: Path, tmp_path: Path, name: str, content: bytes) -> None:
    parts = parts_of(honest)
    parts[name] = content
    made = packed(parts, tmp_path / "b.zip")
    try:
        assert not reproduce(made).same
    except StudioError as told:
        assert told.title


def test_a_missing_part_is_told(honest: Path, tmp_path: Path, capsys: Any) -> None:
    for name in ("plan.json", "run.json", "effects.json"):
        parts = parts_of(honest)
        del parts[name]
        assert main(["reproduce", str(packed(parts, tmp_path / "b.zip"))]) == 2
        assert name in capsys.readouterr().err
    assert main(["reproduce", str(tmp_path / "none.zip")]) == 2


def test_what_strangers_wrote_acts_on_no_screen(honest: Path, capsys: Any) -> None:
    def alter(parts: dict[str, bytes]) -> None:
        numbers = json.loads(parts["effects.json"])
        numbers[0]["tables"][0]["model"] = "\x1b[2J\u202e[link=x]evil[/link]"
        parts["effects.json"] = json.dumps(numbers).encode()

    assert main(["reproduce", str(altered(honest, alter))]) == 1
    told = capsys.readouterr().out
    assert "evil" in told
    assert "\x1b" not in told
    assert "\u202e" not in told


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_bytes_give_a_typed_answer_and_no_other(honest: Path, tmp_path: Path, data: st.DataObject) -> None:
    plain = bytearray(honest.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        plain[data.draw(st.integers(0, len(plain) - 1))] ^= data.draw(st.integers(1, 255))
    made = tmp_path / "b.zip"
    made.write_bytes(plain)
    try:
        reproduce(made)
    except StudioError as told:
        assert told.title
