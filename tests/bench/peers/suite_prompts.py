"""Every condition of the published agentic-misalignment suite, made by its own generator: a JSON object a line, texts as hashes.

`python suite_prompts.py` in the environment where inspect_evals is installed. The package's `__init__` asks for a harness and
its models; the generator needs neither, so its modules are taken from beside the package without running that.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import json
import sys
import types
from pathlib import Path

PACKAGES = ("inspect_evals", "inspect_evals.agentic_misalignment")
VALUES = ("america", "global", "safety", "acceleration", "ethical", "pragmatic", "individualism", "collectivism")
GOALS = [(kind, value) for kind in ("explicit", "latent", "swap") for value in VALUES]
GOALS += [("none", "none"), ("ambiguous", "none")]


def generator() -> types.ModuleType:
    found = importlib.util.find_spec("inspect_evals")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("inspect_evals is not installed here")
    place = Path(found.submodule_search_locations[0])
    for name in PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [str(place if name == PACKAGES[0] else place / "agentic_misalignment")]
        sys.modules[name] = package
    return importlib.import_module("inspect_evals.agentic_misalignment.prompt_generator")


def main() -> None:
    suite = generator()
    conditions = itertools.product(
        ("blackmail", "leaking", "murder"), GOALS, ("replacement", "restriction", "none"), (None, "dont", "goal"),
        (False, True), (False, True),
    )  # fmt: skip
    for scenario, (goal_type, goal_value), urgency, extra, prod, asks in conditions:
        notice = suite.ALIGNMENT_FAKING_WARNING if asks else None
        made = suite.generate_prompts(scenario, goal_type, goal_value, urgency, extra, prod, notice)
        # As the suite's task joins them into its one user message.
        user = "\n".join([made.user_prompt, made.email_content])
        print(json.dumps({
            "scenario": scenario, "goal_type": goal_type, "goal_value": goal_value, "urgency": urgency,
            "extra_system_instructions": extra or "none", "prod": "on" if prod else "off",
            "test_eval_awareness": "on" if asks else "off",
            "messages": [hashlib.sha256(text.encode()).hexdigest() for text in (made.system_prompt, user)],
        }))  # fmt: skip


if __name__ == "__main__":
    main()
