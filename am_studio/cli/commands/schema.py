"""Print the JSON Schema of a file format, so that an editor completes and checks it.

The schema of an email is that of its head; that of a scenario is the one of an overlay where the file `extends` another
scenario.
"""

from __future__ import annotations

import argparse
from typing import Any

from am_studio.cli.console import emit_json

KINDS = ("pack", "scenario", "email", "study", "settings")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("kind", choices=KINDS)


def run(args: argparse.Namespace) -> int:
    """Carry the command out."""
    from am_studio.foundation.settings import SettingsForm
    from am_studio.foundation.yamlfile import Form
    from am_studio.runs.study import StudyForm
    from am_studio.scenarios.forms import EmailForm, PackForm, ScenarioForm
    from am_studio.scenarios.overlay_forms import OverlayForm

    forms: dict[str, type[Form]] = {
        "pack": PackForm,
        "scenario": ScenarioForm,
        "email": EmailForm,
        "study": StudyForm,
        "settings": SettingsForm,
    }
    schema = forms[args.kind].model_json_schema(by_alias=True)
    if args.kind == "scenario":
        schema = _with_overlays(schema, OverlayForm.model_json_schema(by_alias=True))
    emit_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    return 0


def _with_overlays(scenario: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """One schema for scenario.yaml: of an overlay where it extends another scenario, else of one that stands by itself."""
    shared = {**overlay.pop("$defs", {}), **scenario.pop("$defs", {})}
    return {
        "$defs": {**shared, "Scenario": scenario, "Overlay": overlay},
        "title": "scenario.yaml",
        "if": {"type": "object", "required": ["extends"]},
        "then": {"$ref": "#/$defs/Overlay"},
        "else": {"$ref": "#/$defs/Scenario"},
    }
