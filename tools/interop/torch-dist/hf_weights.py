"""A Hugging Face model's weights as whole Megatron tensors, placed by a mapping of this folder's own (`check.place`)."""

import json
from pathlib import Path

import torch
from check import place
from safetensors import safe_open


def read_config(model: Path) -> dict:
    return json.loads((model / "config.json").read_text())


def read_hf(model: Path) -> dict[str, torch.Tensor]:
    tensors = {}
    for file in sorted(model.glob("*.safetensors")):
        with safe_open(file, "pt") as shard:
            tensors |= {name: shard.get_tensor(name) for name in shard.keys()}
    return tensors


def separate_norms(config: dict) -> set[str]:
    """Layers of experts keep the norm before them apart; dense ones have it in their first projection."""
    layers = range(config["first_k_dense_replace"], config["num_hidden_layers"])
    return {f"decoder.layers.{layer}.pre_mlp_layernorm.weight" for layer in layers}


def megatron_tensors(model: Path) -> dict[str, torch.Tensor]:
    """Key -> whole tensor. Experts are stacked, gate stands above up, the expert bias is float32."""
    norms = separate_norms(read_config(model))
    whole: dict[str, torch.Tensor] = {}
    experts: dict[str, dict[int, dict[str, torch.Tensor]]] = {}
    halves: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in read_hf(model).items():
        key, expert, half = place(name, norms)
        if expert is not None:
            experts.setdefault(key, {}).setdefault(expert, {})[half or "down"] = tensor
        elif half is not None:
            halves.setdefault(key, {})[half] = tensor
        else:
            whole[key] = tensor.float() if key.endswith("expert_bias") else tensor
    for key, parts in halves.items():
        whole[key] = torch.cat([parts["gate"], parts["up"]])
    for key, stack in experts.items():
        rows = [stack[i] for i in range(len(stack))]
        whole[key] = torch.stack([r["down"] if "down" in r else torch.cat([r["gate"], r["up"]]) for r in rows])
    return whole
