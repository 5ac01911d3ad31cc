"""Loads a torch_dist checkpoint of ours into a real GPTModel with megatron.core.dist_checkpointing, strictly.

Every parameter of every rank must be the slice of the Hugging Face model that it should be, bit for bit, and no key may
be missing or left over. The only entries of the model that ours has not are `_extra_state` objects, which hold no
weights: they are taken out of what is asked for.

    python load_with_megatron.py --miles DIR --megatron DIR --layout world=4,tp=2,ep=2 CHECKPOINT MODEL
"""

import argparse
import tempfile
from pathlib import Path

import torch
from check import same_bits
from hf_weights import megatron_tensors, read_config
from megatron_model import Layout, build, in_processes, use_megatron


def flat(sharded) -> list:
    """The ShardedTensors that a state dict holds once its factories were applied."""
    from megatron.core.dist_checkpointing.dict_utils import nested_values
    from megatron.core.dist_checkpointing.mapping import ShardedTensor, apply_factories

    apply_factories(sharded)
    return [value for value in nested_values(sharded) if isinstance(value, ShardedTensor)]


def without_extra_states(sharded: dict) -> tuple[dict, int]:
    from megatron.core.dist_checkpointing.mapping import ShardedObject

    kept = {name: value for name, value in sharded.items() if not isinstance(value, ShardedObject)}
    assert all("_extra_state" in name for name in sharded.keys() - kept.keys())
    return kept, len(sharded) - len(kept)


def piece(whole: dict[str, torch.Tensor], shard) -> torch.Tensor:
    assert tuple(whole[shard.key].shape) == tuple(shard.global_shape), f"{shard.key}: {shard.global_shape}"
    places = zip(shard.global_offset, (1,) * shard.prepend_axis_num + tuple(shard.local_shape), strict=True)
    return whole[shard.key][tuple(slice(offset, offset + size) for offset, size in places)]


def load(layout: Layout, folder: Path, model: Path) -> None:
    from megatron.core import dist_checkpointing

    config = read_config(model)
    gpt = build(config, layout)
    for parameter in gpt.parameters():
        parameter.data.fill_(float("nan"))
    wanted, extra = without_extra_states(gpt.sharded_state_dict())
    dist_checkpointing.load({"model": wanted}, str(folder), strict="raise_all")
    # Once more into a new request: `load` replaces the shards of what it is given.
    wanted, _ = without_extra_states(gpt.sharded_state_dict())
    loaded, missing, unexpected = dist_checkpointing.load({"model": wanted}, str(folder), strict="return_all")
    assert not missing and not unexpected, f"missing {missing}, unexpected {unexpected}"
    names, refused = gpt.load_state_dict(loaded["model"], strict=False)
    assert not refused and all("_extra_state" in name for name in names), f"{names}, {refused}"
    whole = megatron_tensors(model)
    seen: dict[str, int] = {}
    for shard in flat(gpt.sharded_state_dict()):
        seen[shard.key] = seen.get(shard.key, 0) + 1
        want = piece(whole, shard).reshape(shard.local_shape)
        assert same_bits(shard.data.detach(), want), f"{shard.key} at {shard.global_offset} differs"
    everywhere: list[set[str] | None] = [None] * layout.world
    torch.distributed.all_gather_object(everywhere, set(seen))
    assert set().union(*everywhere) == set(whole), "the ranks together have not exactly the model's keys"
    if torch.distributed.get_rank() == 0:
        print(f"megatron {layout}: {len(whole)} keys, {sum(seen.values())} shards on rank 0 equal, {extra} extra states")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--miles", type=Path, required=True)
    parser.add_argument("--megatron", type=Path, required=True)
    parser.add_argument("--layout", type=Layout.parse, action="append", required=True)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("model", type=Path)
    options = parser.parse_args()
    use_megatron(options.miles, options.megatron)
    tracker = (options.checkpoint / "latest_checkpointed_iteration.txt").read_text()
    folder = options.checkpoint / ("release" if tracker == "release" else f"iter_{int(tracker):07d}")
    with tempfile.TemporaryDirectory() as temporary:
        for layout in options.layout:
            in_processes(layout, Path(temporary), load, folder, options.model)


if __name__ == "__main__":
    main()
