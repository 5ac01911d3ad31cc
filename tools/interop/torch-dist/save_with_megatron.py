"""Saves a Hugging Face model as training would: megatron.core.dist_checkpointing.save of a real GPTModel.

    python save_with_megatron.py --miles DIR --megatron DIR --layout world=4,tp=2,ep=2 [--fully-parallel]
        [--per-expert] [--optimizer dp_reshardable|fully_reshardable] MODEL OUT

`--optimizer` adds the state of the distributed optimizer, in that of its two forms (the first is what training saves
unless told otherwise), and of the schedule. `--per-expert` gives the keys of `singleton_local_shards` (one tensor an expert, gate and up apart); a model whose layers
are all alike gets stacked keys (a leading layer axis, no layer numbers). `_extra_state` objects, random states and a
common.pt with Megatron's own classes are always there.
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
from megatron_optimizer import CudaIsCpu, stepped_optimizer, wrap

ITERATION = 20


@dataclass(frozen=True)
class Saving:
    fully_parallel: bool = False
    per_expert: bool = False
    optimizer: str | None = None


def fill(gpt, whole: dict[str, torch.Tensor]) -> None:
    """Writes every parameter's slice through the shards, which are views of the parameters."""
    with torch.no_grad():
        for shard in flat(gpt.sharded_state_dict(metadata={"non_homogeneous_layers": True})):
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
        "distrib_optim_sharding_type": saving.optimizer or "fully_reshardable",
        "singleton_local_shards": saving.per_expert,
        "chained_optim_avoid_prefix": True,
    }
    gpt = build(config, layout)
    training = None if saving.optimizer is None else wrap(gpt)
    state: dict = {
        "args": arguments_of(config, layout),
        "checkpoint_version": 3.0,
        "iteration": ITERATION,
        "num_floating_point_operations_so_far": 12345.0,
    }
    fill(gpt, whole)
    state["model"] = gpt.sharded_state_dict(metadata=dict(metadata))
    state["rng_state"] = random_states()
    if training is not None:
        with CudaIsCpu():
            state["optimizer"] = stepped_optimizer(training).sharded_state_dict(state["model"], metadata=dict(metadata))
        state["opt_param_scheduler"] = {"max_lr": 1e-6, "num_steps": 1, "lr_decay_style": "constant"}
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
    parser.add_argument("--fully-parallel", action="store_true")
    parser.add_argument("--per-expert", action="store_true")
    parser.add_argument("--optimizer", choices=("dp_reshardable", "fully_reshardable"))
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    use_megatron(options.miles, options.megatron)
    saving = Saving(**{name: getattr(options, name) for name in vars(Saving())})
    with tempfile.TemporaryDirectory() as temporary:
        in_processes(options.layout, Path(temporary), save, options.model, options.out, saving)


if __name__ == "__main__":
    main()
