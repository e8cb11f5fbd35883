"""Kills `pack install` and `pack update` again and again, anywhere, and proves that a pack is whole or absent.

`python -m tests.soak.installs [KILLS] [SEED]` (100) prints the figures and fails by exit code. A process that has everything
loaded forks a child for each kill. The child sends SIGKILL to itself at a file operation (open, mkdir, rename, remove: the
interpreter announces each to an audit hook) drawn at random; every second kill comes from outside instead, at a moment
drawn from the time that an undisturbed install takes. After each kill the directory of the pack is hashed, the next
command is carried out, and the directory is hashed again.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from am_studio.scenarios.sharing.contents import MANIFEST
from am_studio.scenarios.sharing.directories import pack_in_directory
from am_studio.scenarios.sharing.installing import STAGING, Offer, install
from am_studio.scenarios.sharing.lockfile import read_lock
from am_studio.scenarios.sharing.shelf import shelf
from am_studio.scenarios.sharing.signing import NotSigned
from tests.packs_world import write_pack

NAME = "their-pack"
OPERATIONS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir"}


@dataclass(frozen=True, slots=True)
class Figures:
    """What the kills came to."""

    kills: int
    """Children that were killed before they were done."""
    absent: int
    """Kills after which no pack was there."""
    old: int
    new: int
    broken: int
    """Kills after which there was something else than a whole pack, or nothing."""
    unhealed: int
    """Kills after which the next command left something else than a whole pack that the lock file agrees with, or nothing."""
    left_behind: int
    """Kills after which the next command left staged files."""

    @property
    def sound(self) -> bool:
        """Whether everything holds that must."""
        return not (self.broken or self.unhealed or self.left_behind)


def kill_installs(kills: int, directory: Path, seed: int = 7) -> Figures:
    """Kill so many installs and updates; `directory` becomes the user's data directory."""
    os.environ["XDG_DATA_HOME"] = str(directory / "data")
    home = directory / "data" / "am-studio"
    offers = [
        Offer(pack_in_directory(write_pack(directory / version, NAME, version)), version, "", NotSigned())
        for version in ("1.0.0", "2.0.0")
    ]
    old, new = (offer.pack.identity for offer in offers)
    chance = random.Random(seed)
    operations, seconds = _undisturbed(home, offers)
    counted: Counter[str] = Counter()
    number = -1
    while counted["kills"] < kills:
        number += 1
        shutil.rmtree(home, ignore_errors=True)
        updating = bool(number // 2 % 2)
        if updating:
            install(offers[0])
        operation = chance.randrange(1, operations[updating]) if number % 2 == 0 else 0
        killed = _killed(offers[updating], updating, operation, chance.random() * seconds[updating])
        counted["kills"] += killed
        here = _identity(home)
        counted["broken"] += here not in ("", old, new)
        counted[{"": "absent", old: "old", new: "new"}.get(here, "other")] += killed
        shelf()
        entry = read_lock().packs.get(NAME)
        after = _identity(home)
        counted["unhealed"] += after != (entry.identity if entry else "")
        counted["left_behind"] += any((home / "packs" / STAGING).glob("*"))
    return Figures(*(counted[name] for name in Figures.__dataclass_fields__))


def _undisturbed(home: Path, offers: list[Offer]) -> tuple[list[int], list[float]]:
    """File operations and seconds of an install, and of an update, that nobody kills."""
    operations, seconds = [], []
    for updating in (False, True):
        shutil.rmtree(home, ignore_errors=True)
        if updating:
            install(offers[0])
        counter = home.parent / "operations"
        began = time.monotonic()
        child = os.fork()
        if not child:
            count = _watch(0)
            install(offers[updating], replacing=updating)
            done = count[0]
            counter.write_text(str(done))
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            raise SystemExit("an install that nobody killed failed")
        seconds.append(time.monotonic() - began)
        operations.append(int(counter.read_text()))
    return operations, seconds


def _killed(offer: Offer, updating: bool, operation: int, after: float) -> bool:
    """Install in a child that dies at this file operation, or after so many seconds when it is 0; False when it was done before."""
    child = os.fork()
    if not child:
        if operation:
            _watch(operation)
        install(offer, replacing=updating)
        os._exit(0)
    if not operation:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if status not in (0, signal.SIGKILL):
        raise SystemExit(f"an install failed by itself: {status}")
    return bool(status)


def _watch(operation: int) -> list[int]:
    """Counts file operations from now on, and dies at this one."""
    count = [0]

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event in OPERATIONS:
            count[0] += 1
            if count[0] == operation:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return count


def _identity(home: Path) -> str:
    """What lies where the pack belongs: its identity, nothing, or `broken`."""
    place = home / "packs" / NAME
    if not place.exists():
        return ""
    try:
        pack = pack_in_directory(place)
    except Exception:
        return "broken"
    return pack.identity if (place / MANIFEST).read_bytes() == pack.manifest else "broken"


def kill_in_a_process_of_its_own(kills: int, directory: Path, seed: int = 7) -> Figures:
    """The same from a process without threads, as forking needs."""
    command = [sys.executable, "-m", "tests.soak.installs", str(kills), str(seed), str(directory)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(done.stderr)
    return Figures(**json.loads(done.stdout))


def main() -> int:
    kills, seed = int(sys.argv[1]) if len(sys.argv) > 1 else 100, int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as temporary:
        figures = kill_installs(kills, Path(sys.argv[3] if len(sys.argv) > 3 else temporary), seed)
    print(json.dumps(asdict(figures)))
    return 0 if figures.sound else 1


if __name__ == "__main__":
    sys.exit(main())
