"""Saves a Hugging Face model as training would: megatron.core.dist_checkpointing.save of a real GPTModel.

    python save_with_megatron.py --miles DIR --megatron DIR --layout world=4,tp=2,ep=2 [--fully-parallel]
        [--stacked] [--per-expert] [--optimizer] MODEL OUT

`--stacked` gives homogeneous models' keys (a leading layer axis, no layer numbers), `--per-expert` the keys of
`singleton_local_shards` (one tensor an expert, gate and up apart), `--optimizer` the entries of a distributed optimizer
that has taken one step. `_extra_state` objects, random states and a common.pt with Megatron's own classes are always there.
"""

import argparse
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
import torch.distributed as dist
from hf_weights import megatron_tensors, read_config
from load_with_megatron import flat, piece
from megatron_model import Layout, build, in_processes, use_megatron

ITERATION = 20


@dataclass(frozen=True)
class Saving:
    fully_parallel: bool = False
    stacked: bool = False
    per_expert: bool = False
    optimizer: bool = False


def fill(gpt, whole: dict[str, torch.Tensor]) -> None:
    """Writes every parameter's slice through the shards, which are views of the parameters."""
    with torch.no_grad():
        for shard in flat(gpt.sharded_state_dict()):
            shard.data.copy_(piece(whole, shard).reshape(shard.local_shape))


def random_states():
    """As Megatron's training saves them: one object for each pipeline and tensor rank."""
    from megatron.core import parallel_state as groups
    from megatron.core.dist_checkpointing.mapping import ShardedObject

    states = {
        "random_rng_state": random.Random(1).getstate(),
        "np_rng_state": numpy.random.RandomState(1).get_state(),
        "torch_rng_state": torch.Generator().manual_seed(1).get_state(),
        "rng_tracker_states": {},
    }
    pp, tp = groups.get_pipeline_model_parallel_rank(), groups.get_tensor_model_parallel_rank()
    shape = (groups.get_pipeline_model_parallel_world_size(), groups.get_tensor_model_parallel_world_size())
    return ShardedObject("rng_state", [states], shape, (pp, tp), replica_id=groups.get_data_parallel_rank())


def stack_layers(sharded: dict, layers: int) -> dict:
    """Gives indexed layers the keys and the leading axis that Megatron's blocks of equal layers have."""
    import re
    from megatron.core.dist_checkpointing.mapping import ShardedObject, ShardedTensor

    flat_shards = {}
    for number, shard in enumerate(flat({"model": sharded})):
        found = re.fullmatch(r"(decoder\.layers\.)(\d+)\.(.+)", shard.key)
        if found is None:
            flat_shards[f"{shard.key}.{number}"] = shard
            continue
        key = found[1] + found[3]
        places = [
            (axis + 1, offset // (size or 1), fragments)
            for axis, (offset, size, fragments) in enumerate(
                zip(
                    shard.global_offset,
                    (1,) * shard.prepend_axis_num + tuple(shard.local_shape),
                    shard.axis_fragmentations,
                    strict=True,
                )
            )
        ]
        flat_shards[f"{key}.{found[2]}.{number}"] = ShardedTensor.from_rank_offsets(
            key,
            shard.data,
            (0, int(found[2]), layers),
            *places,
            replica_id=shard.replica_id,
            prepend_axis_num=shard.prepend_axis_num + 1,
        )
    assert ShardedObject
    return flat_shards


def arguments_of(config: dict, layout: Layout) -> argparse.Namespace:
    from megatron.core.transformer.enums import AttnBackend

    return argparse.Namespace(
        num_layers=config["num_hidden_layers"],
        hidden_size=config["hidden_size"],
        num_attention_heads=config["num_attention_heads"],
        num_query_groups=1,
        kv_channels=config["hidden_size"] // config["num_attention_heads"],
        num_experts=config["n_routed_experts"],
        vocab_size=config["vocab_size"],
        padded_vocab_size=config["vocab_size"],
        tensor_model_parallel_size=layout.tp,
        pipeline_model_parallel_size=layout.pp,
        expert_model_parallel_size=layout.ep,
        expert_tensor_parallel_size=layout.etp,
        world_size=layout.world,
        params_dtype=torch.bfloat16,
        attention_backend=AttnBackend.auto,
        lr=1e-6,
        ckpt_format="torch_dist",
    )


def save(layout: Layout, model: Path, out: Path, saving: Saving) -> None:
    from megatron.core import dist_checkpointing, parallel_state
    from megatron.core.dist_checkpointing.serialization import get_default_save_sharded_strategy
    from megatron.core.dist_checkpointing.strategies.fully_parallel import FullyParallelSaveStrategyWrapper

    config = read_config(model)
    whole = megatron_tensors(model)
    metadata = {
        "distrib_optim_sharding_type": "fully_reshardable",
        "singleton_local_shards": saving.per_expert,
        "chained_optim_avoid_prefix": True,
    }
    gpt = build(config, layout)
    state: dict = {
        "args": arguments_of(config, layout),
        "checkpoint_version": 3.0,
        "iteration": ITERATION,
        "num_floating_point_operations_so_far": 12345.0,
    }
    fill(gpt, whole)
    if saving.optimizer:
        import optimizer_of_megatron

        gpt, optimizer = optimizer_of_megatron.stepped(gpt, lambda: fill(gpt, whole))
        sharded = gpt.module.sharded_state_dict(metadata=dict(metadata))
        state["optimizer"] = optimizer.sharded_state_dict(gpt.module.sharded_state_dict(), metadata=dict(metadata))
    else:
        sharded = gpt.sharded_state_dict(metadata=dict(metadata))
    state["model"] = stack_layers(sharded, config["num_hidden_layers"]) if saving.stacked else sharded
    state["rng_state"] = random_states()
    strategy = get_default_save_sharded_strategy("torch_dist")
    if saving.fully_parallel:
        group = parallel_state.get_data_parallel_group(with_context_parallel=True)
        strategy = FullyParallelSaveStrategyWrapper(strategy, group)
    folder = out / f"iter_{ITERATION:07d}"
    if dist.get_rank() == 0:
        folder.mkdir(parents=True)
    dist.barrier()
    dist_checkpointing.save(state, str(folder), strategy, content_metadata=metadata)
    dist.barrier()
    if dist.get_rank() == 0:
        (out / "latest_checkpointed_iteration.txt").write_text(str(ITERATION))
        files = sorted(path.name for path in folder.iterdir())
        print(f"megatron saved {layout}, {saving}: {len(files)} files, {sum(p.stat().st_size for p in folder.iterdir())} bytes")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--miles", type=Path, required=True)
    parser.add_argument("--megatron", type=Path, required=True)
    parser.add_argument("--layout", type=Layout.parse, required=True)
    for flag in vars(Saving()):
        parser.add_argument(f"--{flag.replace('_', '-')}", action="store_true")
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    use_megatron(options.miles, options.megatron)
    saving = Saving(**{name: getattr(options, name) for name in vars(Saving())})
    with tempfile.TemporaryDirectory() as temporary:
        in_processes(options.layout, Path(temporary), save, options.model, options.out, saving)


if __name__ == "__main__":
    main()
