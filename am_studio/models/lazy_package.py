"""A package whose parts can be imported without all the others.

`openai.resources` imports each of its two hundred modules, of which a chat needs two: 12 MiB and a third of a second in
every process that asks through litellm's `openai/`. Here the package is there, and runs its own file when it is asked for a
name that none of the parts loaded so far has put into it. Whoever imports from it finds what there always was.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader
from importlib.util import find_spec
from types import ModuleType
from typing import Any


class _LazyPackage(ModuleType):
    """Not run yet."""

    def __init__(self, name: str, loader: Loader) -> None:
        super().__init__(name)
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Asked by the import system and by tools; the file itself sets none that is not here.
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        self._loader.exec_module(self)
        return getattr(self, name)


def make_lazy(name: str) -> bool:
    """Put the package into `sys.modules` without running it; False where it is loaded, or cannot be found as a file."""
    if name in sys.modules:
        return False
    parent, _, last = name.rpartition(".")
    spec = find_spec(name)  # imports the parent
    if spec is None or spec.loader is None or spec.submodule_search_locations is None or parent not in sys.modules:
        return False
    package = _LazyPackage(name, spec.loader)
    package.__spec__, package.__loader__, package.__package__ = spec, spec.loader, name
    package.__path__ = spec.submodule_search_locations
    package.__file__ = spec.origin
    sys.modules[name] = package
    setattr(sys.modules[parent], last, package)
    return True
