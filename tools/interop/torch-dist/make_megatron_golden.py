"""Goldens from real Megatron: small models that dist_checkpointing saved from several processes, in each shape of keys.

Each folder has the checkpoint (its large files gzipped), expected.safetensors with every weight whole under the key that
it must have, worked out from the Hugging Face model here, and that model.

    python make_megatron_golden.py --miles DIR --megatron DIR packages/checkpoint/golden/megatron
"""

import argparse
import gzip
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch
from hf_weights import megatron_tensors
from megatron_model import Layout, in_processes, use_megatron
from safetensors.torch import save_file
from save_with_megatron import Saving, save

HERE = Path(__file__).resolve().parent
GOLDENS = {
    "tp2-pp2-ep2": ("golden", "world=4,tp=2,pp=2,ep=2,etp=1", Saving(fully_parallel=True)),
    "tp2-per-expert": ("golden", "world=2,tp=2", Saving(per_expert=True)),
    "tp2-stacked": ("golden-stacked", "world=2,tp=2", Saving()),
    "optimizer-buckets": ("golden", "world=4,tp=2,ep=2", Saving(optimizer="dp_reshardable")),
    "optimizer-tensors": ("golden", "world=4,tp=2,ep=2", Saving(optimizer="fully_reshardable")),
}


def expected(model: Path, saving: Saving, stacked: bool) -> dict[str, torch.Tensor]:
    whole = megatron_tensors(model)
    if stacked:
        layers: dict[str, list[torch.Tensor]] = {}
        for key in sorted(whole):
            found = re.fullmatch(r"decoder\.layers\.\d+\.(.+)", key)
            if found is not None:
                layers.setdefault(f"decoder.layers.{found[1]}", []).append(whole.pop(key))
        return whole | {key: torch.stack(rows) for key, rows in layers.items()}
    if saving.per_expert:
        for key in [key for key in whole if ".experts.experts." in key]:
            for i, tensor in enumerate(whole.pop(key)):
                whole[key.replace(".experts.experts.", f".experts.experts.{i}.")] = tensor
        for key in [key for key in whole if key.endswith("linear_fc1.weight")]:
            gate, up = whole.pop(key).chunk(2)
            whole |= {f"{key}_w": gate.contiguous(), f"{key}_v": up.contiguous()}
    return whole


def zip_large(folder: Path) -> None:
    """Without a time in it, so that equal content gives equal files."""
    for path in [folder / ".metadata", *folder.glob("*.distcp")]:
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--miles", type=Path, required=True)
    parser.add_argument("--megatron", type=Path, required=True)
    parser.add_argument("--only", action="append", choices=GOLDENS, help="default: all")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    use_megatron(options.miles, options.megatron)
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        for golden in options.only or GOLDENS:
            variant, layout, saving = GOLDENS[golden]
            out = options.out / golden
            shutil.rmtree(out, ignore_errors=True)
            subprocess.run(["node", HERE / "make-model.mjs", out / "model", variant], check=True)
            in_processes(Layout.parse(layout), temporary, save, out / "model", out, saving)
            [folder] = out.glob("iter_*")
            zip_large(folder)
            tensors = expected(out / "model", saving, stacked=variant == "golden-stacked")
            save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, out / "expected.safetensors")


if __name__ == "__main__":
    main()
