"""Runs the reference's convert_torch_dist_to_hf.py on a checkpoint of ours and compares what it writes with the model.

Its imports reach packages of a GPU training image that conversion never calls: absent_packages.py.

    python back_with_miles.py --miles DIR --megatron DIR CHECKPOINT MODEL
"""

import argparse
import runpy
import sys
import tempfile
from pathlib import Path

import absent_packages
from check import same_bits
from hf_weights import read_hf

def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--miles", type=Path, required=True)
    parser.add_argument("--megatron", type=Path, required=True)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("model", type=Path)
    options = parser.parse_args()
    source = read_hf(options.model)
    absent_packages.install()
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
