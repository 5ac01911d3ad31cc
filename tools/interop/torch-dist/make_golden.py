"""Goldens from real torch.distributed.checkpoint: a checkpoint saved by four processes, and one torch.save archive.

The checkpoint is laid out as Megatron does (tracker, iteration folder, common.pt, metadata.json). Its tensors are
DTensors over a 2 x 2 mesh, so that rows, columns and both are cut, evenly and not; beside them a scalar, an empty
tensor, an int64 tensor and a byte object, which trained checkpoints hold too. expected.safetensors has them whole.

    python make_golden.py packages/checkpoint/golden/torch
"""

import argparse
import io
import json
import sys
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing as mp
from safetensors.torch import save_file
from torch.distributed.checkpoint.filesystem import FileSystemWriter
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, distribute_tensor

WORLD = 4
ITERATION = 7


def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(11)
    random = lambda *shape: torch.randn(*shape, generator=generator)
    return {
        "rows.bf16": random(10, 6).to(torch.bfloat16),
        "columns.f32": random(4, 7),
        "both.f16": random(5, 9).to(torch.float16),
        "cube.bf16": random(3, 4, 5).to(torch.bfloat16),
        "one-row.f32": random(1, 8),
        "replicated.f32": random(6),
        "scalar.f32": random(1).squeeze(),
        "empty.bf16": torch.empty(0, 3, dtype=torch.bfloat16),
    }


PLACEMENTS = {
    "rows.bf16": [Shard(0), Replicate()],
    "columns.f32": [Replicate(), Shard(1)],
    "both.f16": [Shard(0), Shard(1)],
    "cube.bf16": [Shard(2), Shard(0)],
    "one-row.f32": [Replicate(), Shard(1)],
}


def save(rank: int, folder: str, rendezvous: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=WORLD)
    mesh = init_device_mesh("cpu", (2, 2))
    state: dict[str, object] = {
        key: distribute_tensor(tensor, mesh, PLACEMENTS[key]) if key in PLACEMENTS else tensor
        for key, tensor in tensors().items()
    }
    state["optimizer.step.i64"] = torch.tensor([3, 5])
    state["layer._extra_state/shard_0_1"] = io.BytesIO(b"opaque")
    dcp.save(state, storage_writer=FileSystemWriter(folder, thread_count=2), no_dist=False)
    dist.destroy_process_group()


def main(out: Path) -> None:
    folder = out / f"iter_{ITERATION:07d}"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        mp.spawn(save, args=(str(folder), f"{temporary}/rendezvous"), nprocs=WORLD)
    common = {
        "args": argparse.Namespace(num_layers=2, lr=1e-6, name="golden", sizes=[1, 2**40, -3], dtype=torch.bfloat16),
        "checkpoint_version": 3.0,
        "iteration": ITERATION,
        "nested": {"pair": (1, "two"), "none": None},
    }
    torch.save(common, folder / "common.pt")
    facts = {
        "sharded_backend": "torch_dist",
        "sharded_backend_version": 1,
        "common_backend": "torch",
        "common_backend_version": 1,
    }
    (folder / "metadata.json").write_text(json.dumps(facts))
    (out / "latest_checkpointed_iteration.txt").write_text(str(ITERATION))
    save_file(tensors(), out / "expected.safetensors")
    with open(out / "tensor.pt", "wb") as file:
        torch.save(tensors()["rows.bf16"], file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
