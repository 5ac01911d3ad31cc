"""What the reference's validators import and a machine without GPUs has not: modules that answer to every name.

SGLang is half real: its parser's own files are used, whatever they import is stood in for. What a training image lacks
(apex, wandb, …) is absent here too, because some rules ask for it.
"""

import ast
import importlib.abc
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from unittest.mock import MagicMock

STOOD_IN = ("transformer_engine", "deep_ep", "flash_attn", "polars", "nvidia_resiliency_ext", "sglang", "ray", "httpx")
ABSENT = ("apex", "wandb", "grouped_gemm", "emerging_optimizers", "torch_memory_saver", "nvidia_modelopt", "modelopt")
SGLANG_FILES = ("sglang.srt.server_args", "sglang.srt.arg_groups")
SGLANG_TYPES = ("human_readable_int", "nullable_str", "json_list_type")
VERSIONS = {"transformer_engine": "2.17.0", "flash_attn": "2.8.0", "deep_ep": "1.2.1"}


class StandIn(MagicMock):
    __path__: list[str] = []
    __spec__ = None

    def __mro_entries__(self, _bases):
        return (Base,)


class Base:
    """What a class derives from whose base is stood in for."""

    def __init__(self, *_args, **_kwargs):
        pass

    def __init_subclass__(cls, **_kwargs):
        pass


class FusedAdam:
    """The signature that decides whether the optimizer is aware of precision."""

    def __init__(
        self, params, lr=1e-3, bias_correction=True, betas=(0.9, 0.999), eps=1e-8, adam_w_mode=True, weight_decay=0.0,
        amsgrad=False, *, capturable=False, master_weights=False, master_weight_dtype=None, exp_avg_dtype=None,
        exp_avg_sq_dtype=None, use_decoupled_grad=False, store_param_remainders=False, set_grad_none=None,
    ):  # fmt: skip
        pass


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, sglang: Path) -> None:
        self.sglang = sglang
        self.names = {name for name in STOOD_IN if name == "sglang" or importlib.util.find_spec(name) is None}

    def find_spec(self, name: str, _path=None, _target=None) -> ModuleSpec | None:
        top = name.split(".")[0]
        if top in ABSENT:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        if name.startswith(SGLANG_FILES):
            file = self.sglang / name.replace(".", "/")
            file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
            return importlib.util.spec_from_file_location(name, file)
        return ModuleSpec(name, self, is_package=True) if top in self.names else None

    def create_module(self, spec: ModuleSpec):
        module = StandIn(name=spec.name)
        module.__name__ = spec.name
        module.__spec__ = spec
        if spec.name in VERSIONS:
            module.__version__ = VERSIONS[spec.name]
        if spec.name.startswith("transformer_engine"):
            module.FusedAdam = FusedAdam
        if spec.name == "sglang.srt.utils.common":
            vars(module).update(functions(self.sglang / "sglang/srt/utils/common.py", SGLANG_TYPES))
        return module

    def exec_module(self, _module) -> None:
        pass


def functions(file: Path, names: tuple[str, ...], scope: dict | None = None) -> dict:
    """These functions of a file, without what the file imports; lines in a traceback stay the file's."""
    tree = ast.parse(file.read_text())
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names]
    for node in tree.body:
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
    scope = {"__name__": "functions", **(scope or {})}
    exec("import argparse, json, re\nfrom decimal import Decimal\norjson = json", scope)
    exec(compile(tree, str(file), "exec"), scope)
    return {name: scope[name] for name in names}


def install(sglang: Path) -> None:
    sys.meta_path.insert(0, Finder(sglang))
