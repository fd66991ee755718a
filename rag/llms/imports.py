"""How large libraries are imported without waiting for what of them is never used.

Importing is most of a start: four fifths of it, once weights are laid out (docs/performance.md).
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


@contextmanager
def uncollected() -> Iterator[None]:
    """Within this, nothing is looked through for garbage; what was made is never looked through again.

    An import makes a million objects that stay. Collecting among them over and over took a fifth of the start, and a
    full collection later would keep an answer waiting for as long.
    """
    was_on = gc.isenabled()
    gc.collect()  # what is garbage already must not stay for ever
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


@contextmanager
def late(*packages: str) -> Iterator[None]:
    """Within this, what is imported from ``packages`` is a stand-in: a function that imports the real one when called.

    sentence-transformers takes scikit-learn and SciPy for training and for distances that nobody asks for here, a
    second of a start. Only for modules that call what they import; one that inherits from it fails at its import.
    What was imported already stays as it is.
    """
    finder = _Finder(frozenset(packages))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _remove_stand_ins()


def _remove_stand_ins() -> None:
    """The next import of their names finds the real modules; who has taken something of them keeps it."""
    for name in [name for name, module in sys.modules.items() if isinstance(module, _StandIn)]:
        del sys.modules[name]
        package, _, own = name.rpartition(".")
        if own in vars(sys.modules.get(package, _StandIn(""))):
            delattr(sys.modules[package], own)


class _StandIn(ModuleType):
    """A module of which everything is there, as a function."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        module = self.__name__

        def real(*args: Any, **options: Any) -> Any:
            return getattr(importlib.import_module(module), name)(*args, **options)

        return real


class _Finder(MetaPathFinder, Loader):
    """Finds a stand-in for every module of some packages."""

    def __init__(self, packages: frozenset[str]) -> None:
        self._packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        is_late = fullname.partition(".")[0] in self._packages
        return ModuleSpec(fullname, self, is_package=True) if is_late else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""
