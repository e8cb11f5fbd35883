"""AM Studio: compose agentic-misalignment scenarios, remove details, see what each removal changes.

Importing this package loads nothing heavy and opens no socket. What a notebook needs is here by name and is loaded when it is
first used; docs/API.md describes it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from am_studio.version import __version__

if TYPE_CHECKING:
    from am_studio.api import (
        Analysis,
        Effect,
        EffectTable,
        Plan,
        Prompt,
        Reproduction,
        RunFile,
        Scenario,
        StudioError,
        Study,
        Table,
        Variant,
        effects,
        effects_table,
        export_bundle,
        load_scenario,
        load_study,
        open_run,
        plan_study,
        prompt_diff,
        render,
        reproduce,
        run_study,
        study_of,
        trials_table,
    )

__all__ = [
    "Analysis",
    "Effect",
    "EffectTable",
    "Plan",
    "Prompt",
    "Reproduction",
    "RunFile",
    "Scenario",
    "StudioError",
    "Study",
    "Table",
    "Variant",
    "__version__",
    "effects",
    "effects_table",
    "export_bundle",
    "load_scenario",
    "load_study",
    "open_run",
    "plan_study",
    "prompt_diff",
    "render",
    "reproduce",
    "run_study",
    "study_of",
    "trials_table",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'am_studio' has no attribute '{name}'")
    return getattr(importlib.import_module("am_studio.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _CallableModule(ModuleType):
    """A subpackage that shares its name with a function of the public face."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What the function of this name does."""
        return getattr(importlib.import_module("am_studio.api"), self.__name__.rpartition(".")[2])(*args, **options)


class _Package(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # `effects` is a subpackage, and what a notebook calls the effects of a run; importing the one must not hide the other.
        if name in __all__ and isinstance(value, ModuleType):
            value.__class__ = _CallableModule
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
