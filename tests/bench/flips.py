"""How many flipped bits `verify` finds: `python -m tests.bench.flips [FLIPS]`; exit code 1 under 99 %.

One bit of a real run file is flipped in a copy, anywhere in the file, and the copy is verified. A flip counts as content
when it can be seen at all: some row of some table, or what an index answers, is not what it was, or the file can no longer
be opened or read to its end. Flips in free pages and unused bytes change nothing that anybody could read and do not count.
"""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from am_studio.foundation.errors import StudioError
from am_studio.runs.carry import begin, carry_out, plan_study
from am_studio.runs.labels import set_label
from am_studio.runs.runfile import RunFile
from am_studio.runs.study import load_study, with_changes
from am_studio.runs.verify import damages

FLIPS = 2_000
GOAL = 0.99
SEED = 20_310_514


@dataclass(frozen=True, slots=True)
class Flips:
    """What came of many flips."""

    content: int
    """Flips that changed what can be read."""
    found: int
    """Those of them that `verify` found."""
    missed: tuple[int, ...]
    """Bits, counted from the file's first, that were content and were not found."""
    idle: int
    """Flips in what nobody reads."""

    @property
    def share(self) -> float:
        """Of the flips in content."""
        return self.found / self.content if self.content else 1.0


def flipped(run: Path, copy: Path, flips: int, seed: int = SEED) -> Flips:
    """Flip so many bits of the run, one at a time, in a copy that is written anew each time."""
    whole, before = run.read_bytes(), told(run)
    chance = random.Random(seed)
    counts, missed = Counter[str](), []
    for _ in range(flips):
        bit = chance.randrange(8 * len(whole))
        harmed = bytearray(whole)
        harmed[bit // 8] ^= 1 << bit % 8
        copy.write_bytes(harmed)
        if told(copy) == before:
            counts["idle"] += 1
            continue
        counts["content"] += 1
        if is_found(copy):
            counts["found"] += 1
        else:
            missed.append(bit)
    return Flips(counts["content"], counts["found"], tuple(missed), counts["idle"])


def told(run: Path) -> str:
    """A digest of everything that can be read from the file, in every way of reading it; why not, where it cannot be."""
    digest = hashlib.sha256()
    try:
        with closing(apsw.Connection(str(run), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            for part in _everything(db):
                digest.update(repr(part).encode("utf-8", "surrogatepass"))
    except (apsw.Error, ValueError, MemoryError) as error:
        return f"unreadable: {error}"
    return digest.hexdigest()


def _everything(db: apsw.Connection) -> Iterator[object]:
    yield db.pragma("application_id"), db.pragma("user_version")
    made = list(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))
    yield made
    for kind, name, table, sql in made:
        if kind == "table":
            rowid = "" if "WITHOUT ROWID" in sql else "rowid, "
            yield from db.execute(f"SELECT {rowid}* FROM {table} NOT INDEXED")
        elif kind == "index" and not name.startswith("sqlite_autoindex"):
            columns = [column for (column,) in db.execute("SELECT name FROM pragma_index_info(?)", (name,))]
            where = f"WHERE {sql.partition(' WHERE ')[2]}" if " WHERE " in sql else ""
            yield from db.execute(f"SELECT {', '.join(columns)} FROM {table} INDEXED BY {name} {where}")


def is_found(run: Path) -> bool:
    """Whether opening or verifying the run tells of damage."""
    try:
        with RunFile.open(run) as file:
            return any(True for _ in damages(file))
    except StudioError:
        return True


def a_real_run(directory: Path, per_arm: int = 40) -> Path:
    """The demo's study, carried out, with a few labels."""
    path = directory / "flips.amrun"
    plan, scenario = plan_study(with_changes(load_study("single-line"), per_arm=per_arm))
    carry_out(begin(plan, scenario, path))
    for trial in range(0, plan.trials, 7):
        set_label(path, trial, plan.study.outcome, "reader", "yes" if trial % 2 else "no", note=f"Note {trial}.")
    return path


def main(words: list[str]) -> int:
    """Measure and print; 1 when the goal is missed."""
    flips = int(words[0]) if words else FLIPS
    with tempfile.TemporaryDirectory(prefix="am-studio-flips-") as directory:
        run = a_real_run(Path(directory))
        came = flipped(run, run.with_name("harmed.amrun"), flips)
        print(
            f"{flips} flips in {run.stat().st_size:,} bytes: {came.content} in content, {came.idle} in what nobody reads"
        )
        print(f"found: {came.found} of {came.content}, {came.share:.2%}   [>= {GOAL:.0%}]")
        if came.missed:
            print(f"missed: bits {', '.join(map(str, came.missed))}")
        return 0 if came.share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
