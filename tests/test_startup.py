"""Start-up costs what it must and no more: heavy packages load when they are needed, not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "litellm",
    "scipy",
    "statsmodels",
    "numpy",
    "pandas",
    "openai",
    "textual",
    "pydantic",
    "jinja2",
    "yaml",
    "rich",
}


def loaded_after(code: str) -> set[str]:
    told = f"{code}\nimport sys; print('\\n' + ' '.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import am_studio",
        "from am_studio.cli.main import main; main(['--version'])",
        "from am_studio.cli.main import main; main(['--help'])",
    ],
)
def test_nothing_heavy_loads_for_the_small_things(code: str) -> None:
    assert loaded_after(code) & HEAVY == set()


def test_rendering_needs_neither_models_nor_statistics() -> None:
    code = "from am_studio.scenarios import *; render(load_scenario('core/direction-leak'))"
    assert loaded_after(code) & {"litellm", "scipy", "statsmodels", "numpy", "openai", "rich", "apsw"} == set()


def test_importing_the_package_opens_no_socket() -> None:
    code = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(event) if event.startswith('socket.') else None)\n"
        "import am_studio, am_studio.cli.main, am_studio.scenarios, am_studio.runs.engine, am_studio.models.registry\n"
        "import am_studio.models.litellm_client\n"
        "print(opened)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_plan_needs_neither_the_engine_nor_anybody_who_answers() -> None:
    code = (
        "from am_studio.cli.main import main; main(['plan', 'single-line']); import sys; print(' '.join(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "am_studio.designs.leave_one_out" in loaded
    for needless in ("runs.engine", "runs.conversation", "models.simulated.replies", "designs.minimal"):
        assert f"am_studio.{needless}" not in loaded
    assert loaded & {"litellm", "scipy", "statsmodels", "pandas", "openai", "textual"} == set()
