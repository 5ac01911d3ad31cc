"""Runs the reference's convert_torch_dist_to_hf.py on a checkpoint of ours and compares what it writes with the model.

Its imports reach packages of a GPU training image that conversion never calls (ray, sglang, triton, ...). What of these
is not installed is replaced by an empty stand-in while it is imported.

    python back_with_miles.py --miles DIR --megatron DIR CHECKPOINT MODEL
"""

import argparse
import importlib.util
import runpy
import sys
import tempfile
from importlib.machinery import ModuleSpec
from pathlib import Path
from unittest.mock import MagicMock

from check import same_bits
from hf_weights import read_hf

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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--miles", type=Path, required=True)
    parser.add_argument("--megatron", type=Path, required=True)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("model", type=Path)
    options = parser.parse_args()
    source = read_hf(options.model)
    sys.meta_path.append(Finder({name for name in ABSENT if importlib.util.find_spec(name) is None}))
    sys.path[:0] = [str(options.miles), str(options.megatron)]
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "hf"
        sys.argv = ["convert", "--input-dir", str(options.checkpoint / "release"), "--output-dir", str(out)]
        sys.argv += ["--model-name", "deepseekv3"]
        runpy.run_path(str(options.miles / "tools/convert_torch_dist_to_hf.py"), run_name="__main__")
        written = read_hf(out)
    assert written.keys() == source.keys(), f"names differ: {written.keys() ^ source.keys()}"
    for tensor_name, tensor in written.items():
        want = source[tensor_name]
        # Megatron keeps the expert bias in float32, and the reference writes it so.
        want = want.float() if tensor_name.endswith("e_score_correction_bias") else want
        assert same_bits(tensor, want), f"{tensor_name} differs"
    print(f"the reference's converter wrote {len(written)} tensors, all equal to the model's")


if __name__ == "__main__":
    main()
