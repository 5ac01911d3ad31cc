"""Parameters under torch's AdamW with clipping by norm, step by step, as JSON. CPU, float32.

    python make_adam.py OUT_FILE [SEED]

Parameters of one dimension are in a group without weight decay, as Megatron has them.
"""

import json
import sys
from pathlib import Path

import torch

SHAPES = {"matrix": (3, 4), "other": (2, 2), "gain": (5,)}
SETTINGS = [
    dict(lr=1e-2, weightDecay=0.1, adamBeta1=0.9, adamBeta2=0.98, adamEps=1e-8, clipGrad=1.0),
    dict(lr=3e-3, weightDecay=0.0, adamBeta1=0.8, adamBeta2=0.999, adamEps=1e-3, clipGrad=0.0),
    dict(lr=5e-2, weightDecay=0.3, adamBeta1=0.0, adamBeta2=0.5, adamEps=1e-6, clipGrad=0.25),
]
STEPS = 6


def flat(tensors) -> list[float]:
    return [float(f"{x:.9g}") for tensor in tensors for x in tensor.detach().flatten().double().tolist()]


def main(out: Path, seed: int = 3) -> None:
    torch.manual_seed(seed)
    cases = []
    for settings in SETTINGS:
        parameters = [torch.nn.Parameter(torch.randn(shape)) for shape in SHAPES.values()]
        start = flat(parameters)
        groups = [
            dict(params=[p for p in parameters if p.dim() > 1], weight_decay=settings["weightDecay"]),
            dict(params=[p for p in parameters if p.dim() == 1], weight_decay=0.0),
        ]
        optimizer = torch.optim.AdamW(groups, lr=settings["lr"], betas=(settings["adamBeta1"], settings["adamBeta2"]), eps=settings["adamEps"])
        steps = []
        for step in range(STEPS):
            for parameter in parameters:
                parameter.grad = torch.randn_like(parameter) * 10.0 ** (1 - step)
            gradient = flat(p.grad for p in parameters)
            limit = settings["clipGrad"] if settings["clipGrad"] > 0 else float("inf")
            norm = float(torch.nn.utils.clip_grad_norm_(parameters, limit))
            optimizer.step()
            state = [optimizer.state[p] for p in parameters]
            steps.append(
                dict(gradient=gradient, norm=norm, parameters=flat(parameters), expAvg=flat(s["exp_avg"] for s in state), expAvgSq=flat(s["exp_avg_sq"] for s in state))
            )
        cases.append(dict(settings=settings, start=start, steps=steps))
    out.write_text(json.dumps(dict(shapes=SHAPES, cases=cases)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
