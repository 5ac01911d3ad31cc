"""What the reference imports and its logging does not need: modules that answer to every name."""

import importlib.abc
import importlib.machinery
import sys
import types

HEAVY = {
    "apex",
    "flash_attn",
    "mbridge",
    "mooncake",
    "ring_flash_attn",
    "sgl_kernel",
    "sglang",
    "sglang_router",
    "torch_memory_saver",
    "transformer_engine",
    "wandb",
}


class Stub(types.ModuleType):
    def __getattr__(self, name):
        if name == "__version__":
            return "0.3.0"
        if name.startswith("__"):
            raise AttributeError(name)
        value = type(name, (), {})
        setattr(self, name, value)
        return value


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names):
        self.names = names

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = Stub(spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module):
        pass


def install(miles):
    """Lets `miles.*` be imported on a machine without GPUs, engines and Megatron."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder(HEAVY | {"megatron"}))
        sys.path.insert(0, miles)
