"""PyTorch's compiler, which nothing here uses, stays on the disk until something asks for it.

PyTorch's optimisers import it when they are made and at every step, and so do networks on the device meta, only to tell
it to keep out of them. Loading it takes about as long as the rest of PyTorch, and 150 MB.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = "torch._dynamo"


class _StandIn(ModuleType):
    """Does what optimisers ask of the compiler; whoever asks for more is given the compiler itself."""

    @staticmethod
    def graph_break(*_: Any) -> None:
        """Outside of compiled code there is nothing to break off."""

    @staticmethod
    def disable(function: Any, *_: Any, **__: Any) -> Any:
        """Outside of compiled code a function is as it should be."""
        return function

    def __getattr__(self, name: str) -> Any:
        # Tools that look through all modules for their files ask for such names, and want no compiler.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_load(), name)


class _Parts(MetaPathFinder):
    """Loads the compiler before any of its parts, as Python would."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  (the stand-in's)
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{_NAME}."):
            return None
        compiler = _load()
        if fullname in sys.modules:
            return spec_from_loader(fullname, _Loaded())
        return PathFinder.find_spec(fullname, compiler.__path__)


class _Loaded(Loader):
    """Gives a module that came with the compiler, which must not be made a second time."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        pass


def _load() -> ModuleType:
    """Load the compiler in place of its stand-in."""
    if isinstance(sys.modules.get(_NAME), _StandIn):
        sys.modules.pop(_NAME, None)
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Parts)]
    return import_module(_NAME)


def defer_compiler() -> None:
    """Let PyTorch do without its compiler until something asks for it, for the rest of this process."""
    if _NAME not in sys.modules:
        stand_in = sys.modules[_NAME] = _StandIn(_NAME)
        stand_in.__path__ = []  # it has parts, which _Parts finds
        sys.meta_path.insert(0, _Parts())
