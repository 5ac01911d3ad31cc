"""Reads a torch_dist checkpoint of ours with real torch and compares every tensor with the Hugging Face model's bytes.

Every stored item must be a zip whose CRCs hold and must load with weights_only=True; the whole checkpoint must load
through torch.distributed.checkpoint; then each tensor of the model must be found in it, bit for bit, at a place that
this script works out by itself, and nothing may be left over.

    python check.py CHECKPOINT MODEL
"""

import argparse
import io
import re
import sys
import zipfile
from pathlib import Path

import torch
from safetensors import safe_open
from torch.distributed.checkpoint import DefaultLoadPlanner, FileSystemReader
from torch.distributed.checkpoint.state_dict_loader import _load_state_dict

PLAIN = {
    "input_layernorm.weight": "input_layernorm.weight",
    "self_attn.q_proj.weight": "self_attention.linear_q_proj.weight",
    "self_attn.q_a_proj.weight": "self_attention.linear_q_down_proj.weight",
    "self_attn.q_a_layernorm.weight": "self_attention.linear_q_up_proj.layer_norm_weight",
    "self_attn.q_b_proj.weight": "self_attention.linear_q_up_proj.weight",
    "self_attn.kv_a_proj_with_mqa.weight": "self_attention.linear_kv_down_proj.weight",
    "self_attn.kv_a_layernorm.weight": "self_attention.linear_kv_up_proj.layer_norm_weight",
    "self_attn.kv_b_proj.weight": "self_attention.linear_kv_up_proj.weight",
    "self_attn.o_proj.weight": "self_attention.linear_proj.weight",
    "mlp.down_proj.weight": "mlp.linear_fc2.weight",
    "mlp.gate.weight": "mlp.router.weight",
    "mlp.gate.e_score_correction_bias": "mlp.router.expert_bias",
    "mlp.shared_experts.down_proj.weight": "mlp.shared_experts.linear_fc2.weight",
}
OUTSIDE = {
    "model.embed_tokens.weight": "embedding.word_embeddings.weight",
    "model.norm.weight": "decoder.final_layernorm.weight",
    "lm_head.weight": "output_layer.weight",
}


def place(name: str, keys: set[str]) -> tuple[str, int | None, str | None]:
    """Megatron key, expert index, and which half of a fused SwiGLU projection."""
    if name in OUTSIDE:
        return OUTSIDE[name], None, None
    layer, rest = re.fullmatch(r"model\.layers\.(\d+)\.(.+)", name).groups()
    prefix = f"decoder.layers.{layer}."
    if rest == "post_attention_layernorm.weight":
        separate = f"{prefix}pre_mlp_layernorm.weight"
        return (separate if separate in keys else f"{prefix}mlp.linear_fc1.layer_norm_weight"), None, None
    if rest in PLAIN:
        return prefix + PLAIN[rest], None, None
    expert = re.fullmatch(r"mlp\.experts\.(\d+)\.(gate|up|down)_proj\.weight", rest)
    if expert:
        index, kind = expert.groups()
        number = 2 if kind == "down" else 1
        return f"{prefix}mlp.experts.experts.linear_fc{number}.weight", int(index), None if kind == "down" else kind
    owner, kind = re.fullmatch(r"(mlp|mlp\.shared_experts)\.(gate|up)_proj\.weight", rest).groups()
    return f"{prefix}{owner}.linear_fc1.weight", None, kind


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    flat = lambda tensor: tensor.contiguous().reshape(-1).view(torch.uint8)
    return a.shape == b.shape and a.dtype == b.dtype and torch.equal(flat(a), flat(b))


def check_items(folder: Path, metadata) -> int:
    for index, info in metadata.storage_data.items():
        with open(folder / info.relative_path, "rb") as file:
            file.seek(info.offset)
            item = io.BytesIO(file.read(info.length))
        assert zipfile.ZipFile(item).testzip() is None, f"{index}: bad CRC"
        item.seek(0)
        tensor = torch.load(item, weights_only=True)
        chunks = metadata.state_dict_metadata[index.fqn].chunks
        assert any(c.offsets == index.offset and c.sizes == tensor.shape for c in chunks), f"{index}: wrong shape"
    return len(metadata.storage_data)


def main(checkpoint: Path, model: Path) -> None:
    tracker = (checkpoint / "latest_checkpointed_iteration.txt").read_text()
    folder = checkpoint / ("release" if tracker == "release" else f"iter_{int(tracker):07d}")
    reader = FileSystemReader(folder)
    metadata = reader.read_metadata()
    items = check_items(folder, metadata)
    state = {
        key: torch.empty(entry.size, dtype=entry.properties.dtype)
        for key, entry in metadata.state_dict_metadata.items()
    }
    _load_state_dict(state, reader, DefaultLoadPlanner(), no_dist=True)

    seen: dict[str, int] = dict.fromkeys(state, 0)
    count = 0
    for file in sorted(model.glob("*.safetensors")):
        with safe_open(file, "pt") as shard:
            for name in shard.keys():
                want = shard.get_tensor(name)
                key, expert, half = place(name, set(state))
                found = state[key] if expert is None else state[key][expert]
                if half is not None:
                    found = found.chunk(2)[0 if half == "gate" else 1]
                if key.endswith("expert_bias"):
                    want = want.float()
                assert same_bits(found, want), f"{name} differs from {key}"
                seen[key] += found.numel()
                count += 1
    for key, elements in seen.items():
        assert elements == state[key].numel(), f"{key}: {elements} of {state[key].numel()} elements are the model's"

    common = torch.load(folder / "common.pt", weights_only=False)
    assert isinstance(common["args"], argparse.Namespace) and common["checkpoint_version"] == 3.0
    print(f"torch {torch.__version__}: {items} items, {len(state)} keys, {count} tensors of the model: all equal")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
