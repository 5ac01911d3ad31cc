"""A real GPTModel of Megatron, Moonlight's architecture, on CPU processes joined by gloo.

Megatron's specification without Transformer Engine is used ("local"), which keeps norms apart that the reference's
fuses into the next projection; their keys are renamed by Megatron's own means for that, `sharded_state_dict_keys_map`.
Nothing is computed with the model: it gives parameters, and the sharded state dict that a real run would load and save.
Where Megatron asks for the current CUDA device, it is given the CPU.
"""

import argparse
import contextlib
import logging
import os
import signal
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

warnings.filterwarnings("ignore")

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


@dataclass(frozen=True)
class Layout:
    """Numbers of ranks: tensor, pipeline, expert and expert-tensor parallel, of `world` ranks in all."""

    world: int = 1
    tp: int = 1
    pp: int = 1
    ep: int = 1
    etp: int | None = None

    @staticmethod
    def parse(text: str) -> "Layout":
        """From `world=4,tp=2,ep=2`."""
        return Layout(**{name: int(value) for name, value in (part.split("=") for part in text.split(","))})

    def __str__(self) -> str:
        return ",".join(f"{k}={v}" for k, v in vars(self).items() if v is not None and (k == "world" or v > 1))


class NoAttention(torch.nn.Module):
    """In place of the attention itself, which has no parameters; the one without Transformer Engine refuses MLA."""

    def __init__(self, *_arguments, **_options) -> None:
        super().__init__()


def use_megatron(miles: Path, megatron: Path) -> None:
    """Puts the clones on the path (this Megatron's router imports miles); CUDA's device becomes the CPU."""
    sys.path[:0] = [str(megatron), str(miles)]
    os.environ["CUDA_DEVICE_MAX_CONNECTIONS"] = "1"
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    if not torch.cuda.is_available():
        torch.cuda.current_device = lambda: "cpu"  # type: ignore[assignment]
        torch.cuda.synchronize = lambda *_arguments: None  # type: ignore[assignment]
        torch.Tensor.cuda = lambda self, *_arguments, **_options: self  # type: ignore[assignment,method-assign]
        torch.cuda.Stream = lambda *_args, **_kwargs: None  # type: ignore[assignment,misc]
    make_empty = torch.empty
    # torch's TensorProperties has had strides since 2.13 or so; Megatron hands all of its fields to torch.empty.
    torch.empty = lambda *sizes, strides=None, **options: make_empty(*sizes, **options)  # type: ignore[assignment]
    import megatron.core.dist_checkpointing  # noqa: F401  (before the processes fork: it is slow)
    import megatron.core.models.gpt  # noqa: F401
    # Megatron's way to join gate and up asks for a training run's arguments; its package wants more than the core does.
    training = types.ModuleType("megatron.training")
    training.get_args = lambda: argparse.Namespace(low_memory_resume=False)  # type: ignore[attr-defined]
    sys.modules["megatron.training"] = training
    from megatron.core.transformer import attention, multi_latent_attention

    # They ask whether a projection is Transformer Engine's; without it, what they ask for is not a class.
    for module in (attention, multi_latent_attention):
        if not isinstance(module.TELinear, type):
            module.TELinear = type("TELinear", (), {})


def build(config: dict, layout: Layout):
    """The part of the model that this rank has; its groups must exist."""
    from megatron.core import parallel_state
    from megatron.core.models.gpt import GPTModel
    from megatron.core.models.gpt.gpt_layer_specs import get_gpt_decoder_block_spec
    from megatron.core.transformer.transformer_config import MLATransformerConfig

    layers, dense = config["num_hidden_layers"], config["first_k_dense_replace"]
    # As the reference converter does: stages of equal size, the last one gets what is left.
    last = {}
    if layout.pp > 1:
        stage = -(-layers // layout.pp)
        last = {"num_layers_in_last_pipeline_stage": layers - stage * (layout.pp - 1)}
    megatron = MLATransformerConfig(
        num_layers=layers,
        hidden_size=config["hidden_size"],
        num_attention_heads=config["num_attention_heads"],
        ffn_hidden_size=config["intermediate_size"],
        q_lora_rank=config["q_lora_rank"],
        kv_lora_rank=config["kv_lora_rank"],
        qk_head_dim=config["qk_nope_head_dim"],
        qk_pos_emb_head_dim=config["qk_rope_head_dim"],
        v_head_dim=config["v_head_dim"],
        rope_type="rope",
        rotary_scaling_factor=1.0,
        layernorm_epsilon=config["rms_norm_eps"],
        normalization="RMSNorm",
        qk_layernorm=True,
        add_bias_linear=False,
        gated_linear_unit=True,
        activation_func=torch.nn.functional.silu,
        num_moe_experts=config["n_routed_experts"],
        # A number means that all layers are alike: their keys are stacked then.
        moe_layer_freq=1 if dense == 0 else [0] * dense + [1] * (layers - dense),
        moe_ffn_hidden_size=config["moe_intermediate_size"],
        moe_shared_expert_intermediate_size=config["moe_intermediate_size"] * config["n_shared_experts"],
        moe_router_topk=config["num_experts_per_tok"],
        moe_router_score_function="sigmoid",
        moe_router_enable_expert_bias=True,
        moe_router_load_balancing_type="none",
        moe_token_dispatcher_type="allgather",
        bf16=True,
        params_dtype=torch.bfloat16,
        pipeline_dtype=torch.bfloat16,
        use_cpu_initialization=True,
        perform_initialization=False,
        tensor_model_parallel_size=layout.tp,
        pipeline_model_parallel_size=layout.pp,
        expert_model_parallel_size=layout.ep,
        expert_tensor_parallel_size=layout.etp or layout.tp,
        **last,
    )
    spec = get_gpt_decoder_block_spec(megatron, use_transformer_engine=False, normalization="RMSNorm")
    for layer in spec.layer_specs:
        norms = layer.submodules.sharded_state_dict_keys_map
        norms["self_attention.kv_layernorm."] = "self_attention.linear_kv_up_proj.layer_norm_"
        norms["self_attention.q_layernorm."] = "self_attention.linear_q_up_proj.layer_norm_"
        layer.submodules.self_attention.submodules.core_attention = NoAttention
        if layer.submodules.mlp.module.__name__ == "MLP":
            norms["pre_mlp_layernorm."] = "mlp.linear_fc1.layer_norm_"
    model = GPTModel(
        config=megatron,
        transformer_layer_spec=spec,
        vocab_size=config["vocab_size"],
        max_sequence_length=config["max_position_embeddings"],
        pre_process=parallel_state.is_pipeline_first_stage(),
        post_process=parallel_state.is_pipeline_last_stage(),
        share_embeddings_and_output_weights=config["tie_word_embeddings"],
        position_embedding_type="rope",
    )
    # What Float16Module does; the router's expert bias is a buffer and stays in float32.
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    return model


def start_groups(layout: Layout) -> None:
    from megatron.core import parallel_state
    parallel_state.initialize_model_parallel(
        tensor_model_parallel_size=layout.tp,
        pipeline_model_parallel_size=layout.pp,
        expert_model_parallel_size=layout.ep,
        expert_tensor_parallel_size=layout.etp,
    )


def _process(rank: int, layout: Layout, rendezvous: Path, work: Callable, arguments: tuple) -> None:
    os.setsid()
    try:
        dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=layout.world)
        start_groups(layout)
        work(layout, *arguments)
        dist.barrier()
        dist.destroy_process_group()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def in_processes(layout: Layout, temporary: Path, work: Callable, *arguments) -> None:
    """Runs `work(layout, *arguments)` on every rank; the first that fails ends all."""
    context = mp.get_context("fork")
    rendezvous = temporary / f"rendezvous-{os.getpid()}-{layout}-{work.__name__}"
    rendezvous.unlink(missing_ok=True)
    # Not daemons: Megatron's writer starts processes of its own.
    processes = [
        context.Process(target=_process, args=(rank, layout, rendezvous, work, arguments))
        for rank in range(layout.world)
    ]
    for process in processes:
        process.start()
    try:
        pending = list(processes)
        while pending:
            pending[0].join(0.2)
            for process in list(pending):
                if process.exitcode is None:
                    continue
                assert process.exitcode == 0, f"a rank of {layout} failed with exit status {process.exitcode}"
                pending.remove(process)
    finally:
        for process in processes:
            # The writer's own processes too, which would wait for ever.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.join()
        rendezvous.unlink(missing_ok=True)
