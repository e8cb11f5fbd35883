"""A pack in a zip: read to the byte or refused, and never written under a name that a stranger chose."""

from __future__ import annotations

import io
import os
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from am_studio.scenarios.sharing.archives import pack_in_archive, pack_in_zip, zip_of
from am_studio.scenarios.sharing.contents import (
    MAX_ARCHIVE,
    MAX_FILE,
    MAX_FILES,
    Refused,
    pack_of,
    read_manifest,
)
from am_studio.scenarios.sharing.names import collision, is_shared, name_fault
from tests.packs_world import RawEntry, RawZip, deflated, overlapping_bomb, pack_files, zipped

FILES = pack_files()
SOUND = pack_of(FILES, "theirs")


def raw(*entries: RawEntry, **lies: object) -> bytes:
    """A handmade archive of a sound pack with these entries besides."""
    sound = [RawEntry(path.encode(), data) for path, data in FILES.items()]
    return RawZip([*sound, *entries], **lies).bytes()  # type: ignore[arg-type]


def named(*names: str) -> bytes:
    return raw(*(RawEntry(name.encode("utf-8", "surrogatepass"), b"x", flags=0x800) for name in names))


BAD_NAMES = {
    "../evil": "'..'", "small/../../evil": "'..'", "small/..": "'..'", "./a": "'.'", "a//b": "empty",
    "/etc/passwd": "absolute", "//host/share": "absolute", "a\\b": "backslash", "..\\evil": "backslash",
    "C:/evil": "drive", "c:evil": "drive", "ab:b": "':'", "file.md:stream": "':'",
    "a\0.md": "control", "a\x1b[2Jb": "control", "a\nb": "control", "a\x9bb": "control", "a\x7fb": "control",
    "a\u202egpj.md": "direction", "a\u2066b": "direction", "a\u200bb": "invisible", "a\ufeffb": "invisible",
    "a\U000e0041b": "invisible", "a\ufe0fb": "invisible", "a\u2028b": "invisible", "a\ue000b": "unassigned",
    "CON": "reserves", "con.md": "reserves", "small/NUL": "reserves", "Aux.tar.gz": "reserves", "com1.yaml": "reserves",
    "LPT9": "reserves", "COM¹": "reserves", "CONIN$": "reserves", "nul .txt": "reserves", "PRN.": "reserves",
    "name.": "dot at its end", "name ": "space at an end", " name": "space at an end", "a?": "'?'", "a*b": "'*'", "a<b": "'<'", 'a"b': "'\"'",
    "e\u0301.md": "composed form", "x" * 101: "longer than 100", "a/" * 9 + "b": "more than 8 steps",
    ("y" * 60 + "/") * 4 + "z": "longer than 240", "": "empty",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: ascii(name)[:24])
def test_a_name_that_means_something_else_somewhere_refuses_the_whole_pack(name: str) -> None:
    with pytest.raises(Refused) as caught:
        pack_in_zip(named(name), "theirs.zip")
    assert BAD_NAMES[name] in caught.value.why
    assert caught.value.title.startswith("theirs.zip is refused: ")
    assert "\n" not in caught.value.title
    assert caught.value.title.isprintable()


@pytest.mark.parametrize(
    "name", ["a.md", "emails/010-a_b.c+d@e.md", "é.md", "文書/メモ.md", "COM10.md", "console", "a b.md", "x..y"]
)
def test_ordinary_names_of_any_language_pass(name: str) -> None:
    assert name_fault(name) == ""
    assert name in pack_in_zip(named(name), "theirs.zip").files


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Note.md", "note.MD"), ("straße", "STRASSE"), ("İ", "i̇"), ("ﬁ.md", "fi.md"), ("Dir/a", "dir/b"), ("small/x", "SMALL/y"),
        ("a", "a/b"), ("A", "a/b"), ("twice", "twice"), ("ſ", "s"), ("K", "k"),
    ],
)  # fmt: skip
def test_names_that_some_system_takes_for_the_same_are_refused(first: str, second: str) -> None:
    assert collision([first, second]) is not None
    with pytest.raises(Refused):
        pack_in_zip(named(first, second), "theirs.zip")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_a_name_passes_only_if_it_stays_below_and_can_be_shown(name: str) -> None:
    if name_fault(name):
        return
    assert name.isprintable()
    assert not name.startswith(("/", "~/")) or name.startswith("~")
    assert os.path.normpath(name) == name
    assert (Path("/base") / name).resolve().is_relative_to("/base")
    assert name.encode().decode() == name


def test_what_systems_and_authors_leave_behind_is_no_part_of_a_pack() -> None:
    left = [
        ".git/config",
        ".DS_Store",
        "__MACOSX/._a",
        "small/.trash/x",
        "small/__pycache__/x.pyc",
        "Thumbs.db",
        "a.md~",
    ]
    assert not any(is_shared(name) for name in left)
    assert pack_in_zip(named(*left), "theirs.zip").identity == SOUND.identity


# The layout of an archive. ------------------------------------------------------------------------------------------------

LINK = RawEntry(b"link", b"/etc/passwd", mode=stat.S_IFLNK | 0o777)
LAYOUTS = {
    "no archive": (b"just text" * 10, "no zip archive"),
    "nothing": (b"", "no zip archive"),
    "trailing data": (raw(after=b"\n"), "follows its end"),
    "a comment": (raw(comment=b"hello"), "comment"),
    "a second end record": (raw(comment=raw()), "where it says"),
    "leading data": (raw(before=b"#!/bin/sh\n"), "belong to nothing"),
    "hidden bytes": (raw(between=b"secret"), "belong to nothing"),
    "a symbolic link": (raw(LINK), "symbolic link"),
    "a device": (raw(RawEntry(b"dev", mode=stat.S_IFCHR | 0o666)), "no ordinary file"),
    "a pipe": (raw(RawEntry(b"pipe", mode=stat.S_IFIFO | 0o666)), "no ordinary file"),
    "encryption": (raw(RawEntry(b"a", b"x", flags=1)), "encrypted"),
    "strong encryption": (raw(RawEntry(b"a", b"x", flags=0x41)), "encrypted"),
    "a hidden directory": (raw(RawEntry(b"a", b"x", flags=0x2000)), "encrypted"),
    "aes": (raw(RawEntry(b"a", b"x", extra=struct.pack("<HHI", 0x9901, 4, 0))), "encryption"),
    "bzip2": (raw(RawEntry(b"a", b"x", method=12)), "method 12"),
    "lzma": (raw(RawEntry(b"a", b"x", method=14)), "method 14"),
    "zstd": (raw(RawEntry(b"a", b"x", method=93)), "method 93"),
    "zip64": (raw(RawEntry(b"a", b"x", extra=struct.pack("<HHQQ", 1, 16, 1, 1))), "zip64"),
    "zip64 count": (raw(count=0xFFFF), "zip64"),
    "a second name": (raw(RawEntry(b"a", b"x", extra=struct.pack("<HHI", 0x7075, 4, 0))), "second name"),
    "a broken extra field": (raw(RawEntry(b"a", b"x", extra=b"\1\2\xff\xff")), "damaged"),
    "two names": (raw(RawEntry(b"good.md", b"x", local_name=b"evil.md")), "two different ways"),
    "a name in another code": (raw(RawEntry(b"caf\x82.md", b"x")), "not marked as UTF-8"),
    "a name in no code": (raw(RawEntry(b"caf\xff.md", b"x", flags=0x800)), "not UTF-8"),
    "overlap": (raw(RawEntry(b"a", b"x" * 40), more=[RawEntry(b"b", b"x", header=3)]), "overlaps"),
    "the same bytes twice": (raw(more=[RawEntry(b"pack.yaml", FILES["pack.yaml"], header=0)]), "overlaps"),
    "fewer than it says": (raw(count=200), "damaged"),
    "more than it says": (raw(count=2), "more entries"),
    "too many": (raw(count=60_000), "more than 4,000 entries"),
    "a directory with content": (raw(RawEntry(b"dir/", b"x")), "has content"),
    "a directory that leaves": (raw(RawEntry(b"../dir/")), "'..'"),
    "a wrong checksum": (raw(RawEntry(b"a.md", b"x", crc=1)), "a.md is damaged"),
    "longer than it says": (raw(RawEntry(b"a.md", deflated(bytes(1000)), size=10, method=8)), "as long as it says"),
    "shorter than it says": (raw(RawEntry(b"a.md", deflated(b"x"), size=10, method=8)), "as long as it says"),
    "stored and longer": (raw(RawEntry(b"a.md", b"xyz", size=2)), "as long as it says"),
    "no deflate stream": (raw(RawEntry(b"a.md", b"\xff" * 20, size=10, method=8)), "damaged"),
    "bytes after the stream": (raw(RawEntry(b"a.md", deflated(b"x") + b"more", size=1, method=8)), "as long as it says"),
    "runs into the directory": (raw(RawEntry(b"a.md", b"x", packed=10_000, size=10_000)), "runs into"),
    "a file that is too large": (raw(RawEntry(b"a.md", deflated(bytes(MAX_FILE + 1)), size=MAX_FILE + 1, method=8)), "larger than 8,388,608"),
    "too much in all": (
        raw(*(RawEntry(b"%d.md" % n, deflated(bytes(MAX_FILE)), size=MAX_FILE, method=8) for n in range(9))), "67,108,864",
    ),
    "too many files": (raw(*(RawEntry(b"%d.md" % n) for n in range(MAX_FILES))), "more than 2,000 files"),
    "no pack": (zipped({"a.md": b"x"}), "no pack.yaml"),
    "two packs": (zipped({"a/pack.yaml": FILES["pack.yaml"], "b/pack.yaml": FILES["pack.yaml"]}), "no pack.yaml"),
    "a field it may not set": (zipped({**FILES, "pack.yaml": FILES["pack.yaml"] + b"endpoint: https://x.example\n"}), "unknown field 'endpoint'"),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_archive_that_is_not_exactly_what_it_says_is_refused(name: str) -> None:
    data, told = LAYOUTS[name]
    with pytest.raises(Refused) as caught:
        pack_in_zip(data, "theirs.zip")
    assert told in caught.value.why
    assert "\n" not in caught.value.title


def test_an_archive_beyond_the_cap_is_not_even_read_to_its_end(tmp_path: Path) -> None:
    large = tmp_path / "large.zip"
    with large.open("wb") as file:
        file.truncate(MAX_ARCHIVE * 100)
    with pytest.raises(Refused, match="larger than 33,554,432 bytes"):
        pack_in_archive(large)


def test_archives_of_other_programs_are_read(tmp_path: Path) -> None:
    ordinary = zipped({f"their-pack/{path}": data for path, data in FILES.items()})
    assert pack_in_zip(ordinary, "a").identity == SOUND.identity
    assert pack_in_zip(zipped(FILES, zipfile.ZIP_STORED), "a").identity == SOUND.identity
    buffer = io.BytesIO()

    class Stream(io.RawIOBase):  # cannot seek, so that sizes come after each entry
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return buffer.write(data)  # type: ignore[arg-type]

    with zipfile.ZipFile(Stream(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("their-pack/", b"")
        for path, data in FILES.items():
            archive.writestr(f"their-pack/{path}", data)
    assert pack_in_zip(buffer.getvalue(), "a").identity == SOUND.identity


FULL, HUGE = deflated(bytes(MAX_FILE)), deflated(bytes(40_000_000))
BOMBS = {
    "overlapping, 5 GB": overlapping_bomb(250),
    "one kernel of 5 GB": RawZip(
        [RawEntry(b"pack.yaml", deflated(bytes(5_000_000)), size=0xFFFFFFFE, method=8)]
    ).bytes(),
    "many at the cap": raw(*(RawEntry(b"%d" % n, FULL, size=MAX_FILE, crc=0, method=8) for n in range(600))),
    "lies small": raw(*(RawEntry(b"%d" % n, HUGE, size=10, crc=0, method=8) for n in range(100))),
    "a directory of nothing": RawZip([], more=[RawEntry(b"%d" % n) for n in range(60_000)]).bytes(),
    "more than it admits": RawZip([], more=[RawEntry(b"%d" % n) for n in range(600_000)], count=1).bytes(),
    "a zip of zips": raw(RawEntry(b"in.zip", zipped({"b": bytes(30_000_000)})), count=3),
}
MEASURE = (
    "import resource, sys, time; from pathlib import Path\n"
    "from am_studio.scenarios.sharing.archives import pack_in_archive\n"
    "from am_studio.scenarios.sharing.contents import Refused\n"
    "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
    "def peak(): return next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
    "for path in sys.argv[1:]:\n"
    "    before, began = peak(), time.process_time()\n"
    "    try: pack_in_archive(Path(path)); raise SystemExit('accepted: ' + path)\n"
    "    except Refused as error: told = error.title\n"
    "    print(f'{time.process_time() - began:.3f} s\\t{(peak() - before) / 1024:.1f} MB\\t{told}')\n"
)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to read the peak of memory from")
def test_bombs_are_refused_in_one_line_each_within_100_megabytes(tmp_path: Path) -> None:
    paths = []
    for number, data in enumerate(BOMBS.values()):
        paths.append(tmp_path / f"bomb-{number}.zip")
        paths[-1].write_bytes(data)
    ran = subprocess.run([sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = ran.stdout.splitlines()
    assert len(lines) == len(BOMBS)
    for path, line in zip(paths, lines, strict=True):
        _, memory, told = line.split("\t")
        assert float(memory.split()[0]) < 100, line
        assert told.startswith(f"{path} is refused: ")


# What a pack makes. --------------------------------------------------------------------------------------------------------


def test_a_built_archive_is_read_back_and_other_tools_can_check_it(tmp_path: Path) -> None:
    data = zip_of(SOUND)
    back = pack_in_zip(data, "theirs.zip")
    assert (back.identity, dict(back.files)) == (SOUND.identity, dict(SOUND.files))
    assert zip_of(back) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    assert read_manifest((tmp_path / "their-pack" / "PACK.sha256").read_bytes()) == dict(SOUND.digests)


def test_the_identity_is_that_of_gos_dirhash() -> None:
    """`dirhash.Hash1` of golang.org/x/mod over the same two files, worked out with sha256sum and base64 alone."""
    pack = pack_of({"pack.yaml": FILES["pack.yaml"], "a/b.md": b"x\n"}, "p")
    command = (
        "cd \"$1\" && printf '%s' \"$(printf 'a/b.md\\npack.yaml\\n' | xargs sha256sum)\" > ../m && echo >> ../m && "
        "sha256sum ../m | cut -c1-64"
    )
    import base64
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "p"
        (root / "a").mkdir(parents=True)
        (root / "pack.yaml").write_bytes(FILES["pack.yaml"])
        (root / "a" / "b.md").write_bytes(b"x\n")
        told = subprocess.run(["sh", "-c", command, "sh", str(root)], capture_output=True, text=True, check=True).stdout
    assert pack.identity == "h1:" + base64.b64encode(bytes.fromhex(told.strip())).decode()


def test_any_flipped_byte_of_a_built_archive_is_noticed() -> None:
    from am_studio.scenarios.sharing.archives import first_difference

    small = pack_of({"pack.yaml": FILES["pack.yaml"], "small/scenario.yaml": b"format: 1\n"}, "theirs")
    data = zip_of(small)
    for position in range(len(data)):
        for bit in (1, 128):
            broken = bytearray(data)
            broken[position] ^= bit
            try:
                pack = pack_in_zip(bytes(broken), "theirs.zip")
            except Refused:
                continue
            assert pack.delivered_manifest != pack.manifest or first_difference(pack), position


def test_a_flipped_byte_in_a_file_is_told_by_the_files_name() -> None:
    data = zip_of(SOUND)
    for path, content in SOUND.files.items():
        broken = bytearray(data)
        broken[data.index(content) + len(content) // 2] ^= 4
        with pytest.raises(Refused) as caught:
            pack_in_zip(bytes(broken), "theirs.zip")
        assert f"their-pack/{path} is damaged" in caught.value.why


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_mutation_of_an_archive_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([zip_of(SOUND), zipped(FILES), raw(LINK)])))
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, max(len(whole) - 1, 0)))
        change = data.draw(st.binary(max_size=8))
        whole[start : start + data.draw(st.integers(0, 8))] = change
    try:
        pack = pack_in_zip(bytes(whole), "theirs.zip")
    except Refused as error:
        assert "\n" not in error.title
    else:
        assert all(name_fault(path) == "" for path in pack.files)
