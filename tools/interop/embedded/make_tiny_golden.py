"""The tiny checkpoint itself in transformers: logits, log-probs, loss and gradients, for packages/embedded/golden/tiny-moonlight.json.

    python make_tiny_golden.py CHECKPOINT OUT_FILE

Gradients are told by two numbers for each parameter (all 0.44 million would be 2 MB): the norm, and Σ gᵢ·cos(i), which any
change of order or sign alters. Experts, which transformers holds as one tensor, are given by their names in the checkpoint.
"""

import json
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import DeepseekV3ForCausalLM

# The chat prompt's 18 tokens are random here: any tokens do.
LENGTHS = [(18, 24), (18, 30), (5, 64)]


def main(checkpoint: str, out: Path) -> None:
    torch.manual_seed(7)
    model = DeepseekV3ForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    samples, loss = [], torch.zeros(())
    for prompt, whole in LENGTHS:
        # transformers gives the padding token's embedding no gradient; Megatron has no such exception, and we none.
        tokens = torch.randint(model.config.pad_token_id + 1, model.config.vocab_size, (whole,))
        logits = model(input_ids=tokens[None], use_cache=False).logits[0]
        log_probs = torch.log_softmax(logits, -1)[prompt - 1 : -1].gather(1, tokens[prompt:, None])[:, 0]
        loss = loss - log_probs.mean() / len(LENGTHS)
        samples.append(
            dict(
                tokens=tokens.tolist(),
                promptLength=prompt,
                logProbs=rounded(log_probs),
                lastLogits=rounded(logits[-1]),
            )
        )
    loss.backward()
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        for parameter in model.parameters():
            parameter.copy_(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
        model.save_pretrained(folder)
        gradients = load_file(f"{folder}/model.safetensors")
    out.write_text(
        json.dumps(
            dict(
                loss=float(loss),
                samples=samples,
                gradients={
                    name: rounded(torch.stack((g.norm(), (g * torch.arange(g.numel()).cos()).sum())))
                    for name, g in ((name, tensor.double().flatten()) for name, tensor in sorted(gradients.items()))
                    if not name.endswith("e_score_correction_bias")
                },
            ),
            separators=(",", ":"),
        )
        + "\n"
    )


def rounded(values: torch.Tensor) -> list[float]:
    return [float(f"{value:.7g}") for value in values.detach().double().tolist()]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
