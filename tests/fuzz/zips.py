"""The zip reader: any bytes are a pack whose names are sound, or Refused in one line."""

from __future__ import annotations

import sys

from am_studio.scenarios.sharing.archives import first_difference, pack_in_zip, zip_of
from am_studio.scenarios.sharing.contents import MAX_FILES, MAX_UNPACKED, Refused, pack_of
from am_studio.scenarios.sharing.names import collision, name_fault
from tests.fuzz.driver import Target, main
from tests.packs_world import RawEntry, RawZip, deflated, pack_files, zipped

SMALL = {"pack.yaml": pack_files()["pack.yaml"], "small/scenario.yaml": b"format: 1\n"}


def attempt(data: bytes) -> str:
    """Read, and hold what was read against the rules."""
    try:
        pack = pack_in_zip(data, "theirs.zip")
    except Refused as error:
        assert error.title.isprintable()
        return "Refused"
    assert len(pack.files) <= MAX_FILES
    assert sum(map(len, pack.files.values())) <= MAX_UNPACKED
    assert not any(map(name_fault, pack.files))
    assert collision(pack.files) is None
    again = pack_in_zip(zip_of(pack), "again.zip")
    assert again.identity == pack.identity
    if pack.delivered_manifest == pack.manifest and not first_difference(pack):
        return "accepted, as built"
    return "accepted"


TARGET = Target(
    "zips",
    (
        zip_of(pack_of(SMALL, "p")), zipped(SMALL), zipped({f"a/{path}": data for path, data in SMALL.items()}),
        RawZip([RawEntry(b"pack.yaml", SMALL["pack.yaml"]), RawEntry(b"a", deflated(b"x" * 999), size=999, method=8)]).bytes(),
        RawZip([RawEntry(b"pack.yaml", SMALL["pack.yaml"])], comment=b"1" * 40).bytes(),
    ),
    (
        b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\7\x08", b"PK\6\6", b"PK\6\7", b"../", b"/", b"\\", b"C:", b"\0", b"pack.yaml", b"PACK.sha256",
        b"\x08\0", b"\x01\0", b"\x63\0", b"\xff\xff", b"\xff\xff\xff\xff", b"\x03\0", b"\x4b\0",
    ),
    attempt,
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(TARGET))
