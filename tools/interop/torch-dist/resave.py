"""Loads a torch_dist checkpoint of ours with real torch and saves it as four processes would: rows and columns cut.

    python resave.py CHECKPOINT OUT
"""

import shutil
import sys
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing as mp
from torch.distributed.checkpoint import DefaultLoadPlanner, FileSystemReader
from torch.distributed.checkpoint.filesystem import FileSystemWriter
from torch.distributed.checkpoint.state_dict_loader import _load_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, distribute_tensor

WORLD = 4


def load(folder: Path) -> dict[str, torch.Tensor]:
    reader = FileSystemReader(folder)
    entries = reader.read_metadata().state_dict_metadata
    state = {key: torch.empty(entry.size, dtype=entry.properties.dtype) for key, entry in entries.items()}
    _load_state_dict(state, reader, DefaultLoadPlanner(), no_dist=True)
    return state


def save(rank: int, source: Path, target: Path, rendezvous: str) -> None:
    tensors = load(source)
    dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=WORLD)
    mesh = init_device_mesh("cpu", (2, 2))
    state: dict[str, torch.Tensor] = {}
    for i, (key, tensor) in enumerate(tensors.items()):
        columns = Shard(tensor.dim() - 1) if i % 2 else Replicate()
        state[key] = distribute_tensor(tensor, mesh, [Shard(0) if tensor.dim() > 1 else Replicate(), columns])
    dcp.save(state, storage_writer=FileSystemWriter(target, thread_count=2))
    dist.destroy_process_group()


def main(checkpoint: Path, out: Path) -> None:
    source, target = checkpoint / "release", out / "iter_0000005"
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary:
        mp.spawn(save, args=(source, target, f"{temporary}/rendezvous"), nprocs=WORLD)
    torch.save(torch.load(source / "common.pt", weights_only=False), target / "common.pt")
    shutil.copy(source / "metadata.json", target)
    (out / "latest_checkpointed_iteration.txt").write_text("5")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
