"""Goldens of the Moonlight architecture from transformers' DeepseekV3ForCausalLM, in float32 on the CPU.

Writes, for one small random model of each variant: its weights (an HF folder), and, for a fixed batch of token
sequences, the logits, the log-probs of the response tokens, and the gradient of every parameter of the mean
cross-entropy (mean over samples of each sample's mean over response tokens, as the trainer's "sft" loss defines it).

    python make_golden.py OUT_DIR [SEED]        OUT_DIR gets one folder per variant
"""

import copy
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

CONFIG = dict(
    vocab_size=48,
    hidden_size=32,
    intermediate_size=64,
    moe_intermediate_size=16,
    num_hidden_layers=3,
    num_attention_heads=2,
    num_key_value_heads=2,
    q_lora_rank=None,
    kv_lora_rank=16,
    qk_nope_head_dim=8,
    qk_rope_head_dim=4,
    v_head_dim=8,
    n_routed_experts=4,
    n_shared_experts=2,
    num_experts_per_tok=2,
    first_k_dense_replace=1,
    norm_topk_prob=True,
    n_group=1,
    topk_group=1,
    routed_scaling_factor=2.446,
    rms_norm_eps=1e-5,
    rope_theta=50000.0,
    tie_word_embeddings=False,
    max_position_embeddings=128,
    attention_dropout=0.0,
)
LENGTHS = [(5, 12), (7, 9), (3, 10)]  # (prompt, whole)

SMALL = CONFIG | dict(
    vocab_size=24,
    hidden_size=16,
    intermediate_size=24,
    moe_intermediate_size=8,
    num_hidden_layers=2,
    kv_lora_rank=8,
    qk_nope_head_dim=6,
    v_head_dim=5,
    n_shared_experts=1,
    num_nextn_predict_layers=0,
)
# Eight tokens were the context once, so that the sequences run into what YaRN and linear scaling add.
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=8, beta_fast=4, beta_slow=1, mscale=0.7, mscale_all_dim=1.2)
VARIANTS = {
    "deepseek-v3": CONFIG,
    "q-lora": SMALL | dict(q_lora_rank=7, num_attention_heads=3, num_key_value_heads=3),
    "groups": SMALL | dict(n_routed_experts=12, n_group=4, topk_group=2, num_experts_per_tok=3, first_k_dense_replace=0),
    "yarn": SMALL | dict(rope_parameters=YARN | dict(rope_theta=10000.0), qk_rope_head_dim=8),
    "tied-linear": SMALL
    | dict(tie_word_embeddings=True, rope_parameters=dict(rope_type="linear", factor=3.0, rope_theta=10000.0)),
    "everything": SMALL
    | dict(
        q_lora_rank=6,
        n_routed_experts=8,
        n_group=2,
        topk_group=1,
        num_experts_per_tok=4,
        norm_topk_prob=False,
        n_shared_experts=2,
        tie_word_embeddings=True,
        # As DeepSeek's own files write it.
        rope_scaling=dict(type="yarn", factor=8.0, original_max_position_embeddings=4, beta_fast=32, beta_slow=1),
    ),
}


def main(out: Path, seed: int = 7) -> None:
    for name, config in VARIANTS.items():
        make_variant(out / name, config, seed)


def make_variant(out: Path, settings: dict, seed: int) -> None:
    torch.manual_seed(seed)
    model = DeepseekV3ForCausalLM(DeepseekV3Config(**copy.deepcopy(settings))).to(torch.float32)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 1.0 if parameter.dim() == 1 else 0.15
            parameter.copy_(torch.randn_like(parameter) * scale * (0.1 if parameter.dim() == 1 else 1) + (1.0 if parameter.dim() == 1 else 0))
        for name, buffer in model.named_buffers():
            if name.endswith("e_score_correction_bias"):
                buffer.copy_(torch.linspace(-0.2, 0.2, buffer.numel()))
    model.eval()
    out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(out / "model", safe_serialization=True)

    samples, logits_out, loss = [], {}, torch.zeros(())
    for i, (prompt, whole) in enumerate(LENGTHS):
        tokens = torch.randint(0, settings["vocab_size"], (whole,))
        logits = model(input_ids=tokens[None], use_cache=False).logits[0]
        log_probs = torch.log_softmax(logits, -1)[prompt - 1 : -1].gather(1, tokens[prompt:, None])[:, 0]
        loss = loss - log_probs.mean() / len(LENGTHS)
        samples.append(dict(tokens=tokens.tolist(), promptLength=prompt, logProbs=[float(x) for x in log_probs.detach().double()]))
        logits_out[f"logits.{i}"] = logits.detach().contiguous()
    loss.backward()

    gradients = copy.deepcopy(model)
    with torch.no_grad():
        for (_, target), (_, source) in zip(gradients.named_parameters(), model.named_parameters()):
            target.copy_(source.grad if source.grad is not None else torch.zeros_like(source))
    gradients.save_pretrained(out / "gradients", safe_serialization=True)

    # One folder of plain files: weights, gradients and logits as safetensors, the rest as JSON.
    for name in ("model", "gradients"):
        tensors = load_file(out / name / "model.safetensors")
        save_file({k: v.to(torch.float32).contiguous() for k, v in tensors.items()}, out / f"{name}.safetensors")
    save_file(logits_out, out / "logits.safetensors")
    config = json.loads((out / "model" / "config.json").read_text())
    config.setdefault("rope_theta", settings["rope_theta"])
    config["torch_dtype"] = "float32"
    if "rope_scaling" in settings:
        config["rope_scaling"] = settings["rope_scaling"]
        del config["rope_parameters"]
    for key in ("transformers_version", "dtype"):
        config.pop(key, None)
    (out / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    (out / "samples.json").write_text(json.dumps(dict(loss=float(loss.detach()), samples=samples), indent=1) + "\n")
    for name in ("model", "gradients"):
        for file in (out / name).iterdir():
            file.unlink()
        (out / name).rmdir()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
