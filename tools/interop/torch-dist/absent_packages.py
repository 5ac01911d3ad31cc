"""Stand-ins for packages of a GPU training image that conversion imports and never calls."""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from unittest.mock import MagicMock

ABSENT = ("ray", "sglang", "triton", "tqdm", "httpx", "psutil", "numba")


class StandIn(MagicMock):
    __path__: list[str] = []
    __spec__ = None


class Finder:
    """Finds the packages of ABSENT that are not installed."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def find_spec(self, name: str, _path=None, _target=None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.split(".")[0] in self.names else None

    def create_module(self, spec: ModuleSpec):
        module = StandIn(name=spec.name)
        module.__name__ = spec.name
        return module

    def exec_module(self, _module) -> None:
        pass


def install() -> None:
    """What of these is not installed is replaced by an empty stand-in when it is imported."""
    sys.meta_path.append(Finder({name for name in ABSENT if importlib.util.find_spec(name) is None}))
