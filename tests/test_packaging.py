"""What is shipped: a wheel that works by itself, and locks that name packages and hashes only."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_the_wheel_holds_the_library_and_the_studies(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True,
        capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    unpacked = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    studies = {path.name for path in (unpacked / "am_studio" / "_bundled" / "ablations").iterdir()}
    assert studies == {path.name for path in (ROOT / "ablations").iterdir()}
    assert "README.md" in studies
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import am_studio; assert am_studio.__file__.startswith(sys.argv[1]), am_studio.__file__\n"
        "from am_studio.scenarios.references import all_references\n"
        "from am_studio.runs.study import load_study\n"
        "from am_studio.models.registry import simulated_names\n"
        "from am_studio.reports.document.blocks import Report\n"
        "from am_studio.reports.html.report import report_page\n"
        "assert '<h1>A title</h1>' in report_page(Report('A title', '', '', (), (), (), ''))\n"
        "print(all_references(), load_study('single-line').name, len(simulated_names()))"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-c", code, str(unpacked)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "core/replacement-blackmail" in ran.stdout
    assert "single-line 4" in ran.stdout


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "tests/proxy/requirements.lock"])
def test_locks_pin_with_hashes_and_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    pinned = re.findall(r"^[A-Za-z0-9._-]+==[^ ]+.*$", text, re.MULTILINE)
    assert len(pinned) > 30
    assert all(line.endswith("\\") for line in pinned)
    assert text.count("--hash=sha256:") > len(pinned)
    (litellm,) = [line for line in pinned if line.startswith("litellm==")]
    assert not litellm.startswith(("litellm==1.82.7", "litellm==1.82.8"))
