"""`moonlight dump` on rollouts that the reference's own functions wrote (miles/ray/rollout/debug_data.py).

    npm run interop -- dump --miles CHECKOUT

Every figure of the summary and every field of every sample must be what Python says of the same file. With --update
the dumps become the golden ones of the normal tests. Ends with "N passed, N failed".
"""

import argparse
import json
import math
import random
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "packages/miles/golden/dump"
MOONLIGHT = ROOT / "apps/moonlight/bin/moonlight.js"

parser = argparse.ArgumentParser()
parser.add_argument("--miles", required=True)
parser.add_argument("--update", action="store_true")
options = parser.parse_args()
sys.path.insert(0, options.miles)
from miles.ray.rollout.debug_data import load_debug_rollout_data, save_debug_rollout_data  # noqa: E402
from miles.utils.types import Sample  # noqa: E402

results = {"passed": 0, "failed": 0}


def check(what, found, expected):
    if found == expected:
        results["passed"] += 1
    else:
        results["failed"] += 1
        print(f"FAIL  {what}: {found} instead of {expected}")


def near(what, found, expected):
    equal = found == expected or (found is not None and expected is not None and math.isclose(found, expected, rel_tol=1e-9))
    check(what, equal, True)


def samples(rollout: int, groups: int, each: int, kind: str) -> list[Sample]:
    draw = random.Random(1000 * rollout + groups)
    made = []
    for place in range(groups * each):
        length = draw.randrange(0 if place == 5 else 3, 40)
        reward = {"binary": draw.randrange(2), "zero": 0, "numpy": np.float64(draw.randrange(2)), "dict": {"score": float(draw.randrange(2)), "acc": True}}[kind]
        if kind == "binary" and place // each == 0:
            reward = 1
        made.append(
            Sample(
                group_index=rollout * groups + place // each,
                index=rollout * groups * each + place,
                prompt="Was ist 1 + 1? ½\n" if place % 2 else [{"role": "user", "content": "1 + 1"}],
                tokens=[draw.randrange(163_840) for _ in range(7 + length)],
                response="x" * length + ("\\boxed{2}\x1b[31m" if length else ""),
                response_length=length,
                label="2" if place % 3 else None,
                reward=reward,
                loss_mask=None if place % 4 == 3 else [int(token > 1) for token in range(length)],
                weight_versions=[str(rollout)] * (place % 3),
                rollout_log_probs=None if place % 5 == 4 else [-draw.random() for _ in range(length)],
                remove_sample=place == 2,
                status=Sample.Status.TRUNCATED if length > 30 else Sample.Status.ABORTED if place == 6 else Sample.Status.COMPLETED,
                metadata={"source": "dapo", "numpy": np.int64(3), "nested": {"pair": (1, 2.5)}} if place % 2 else {},
                rollout_routed_experts=np.zeros((3, 2, 2), dtype=np.int32) if place == 0 else None,
                multimodal_train_inputs={"pixels": torch.zeros(2, 3, dtype=torch.bfloat16)} if place == 0 else None,
            )
        )
    return made


def moonlight(*args):
    done = subprocess.run(["node", MOONLIGHT, "dump", *map(str, args), "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"moonlight dump failed: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])["output"]


def mean(values):
    return sum(values) / len(values) if values else None


def value(reward):
    return float(reward) if isinstance(reward, (int, float, np.floating)) else None


def check_file(file: Path, rollout: int, evaluation: bool):
    state = torch.load(file, weights_only=False)
    rows = [Sample.from_dict(sample) for sample in state["samples"]]
    path = file.parent.parent
    seen = moonlight(path, "--rollout", rollout, "--limit", 1000, *(["--eval"] if evaluation else []))
    [entry] = seen["dumps"]
    summary = entry["summary"]
    rewards = [value(row.reward) for row in rows if value(row.reward) is not None]
    groups = {}
    for row in rows:
        groups.setdefault(row.group_index, []).append(value(row.reward))
    check(f"{file.name} samples", summary["samples"], len(rows))
    check(f"{file.name} groups", summary["groups"], len(groups))
    check(f"{file.name} flat groups", summary["zeroStdGroups"], sum(len(group) > 1 and None not in group and len(set(group)) == 1 for group in groups.values()))
    near(f"{file.name} reward", summary["meanReward"], mean(rewards))
    check(f"{file.name} ungraded", summary["ungraded"], len(rows) - len(rewards))
    near(f"{file.name} length", summary["meanLength"], mean([row.response_length for row in rows]))
    check(f"{file.name} longest", summary["maxLength"], max(row.response_length for row in rows))
    for status in ("truncated", "aborted", "failed"):
        check(f"{file.name} {status}", summary[status], sum(row.status.value == status for row in rows))
    check(f"{file.name} removed", summary["removed"], sum(row.remove_sample for row in rows))
    near(f"{file.name} log-prob", summary["meanLogProb"], mean([one for row in rows for one in row.rollout_log_probs or []]))
    check(f"{file.name} order", [one["index"] for one in seen["samples"]], [row.index for row in rows])
    for row in rows[:8]:
        one = moonlight(file, "--sample", row.index)["sample"]
        what = f"{file.name} sample {row.index}"
        check(f"{what} tokens", one["tokens"], row.tokens)
        check(f"{what} log-probs", one["logProbs"], row.rollout_log_probs)
        check(f"{what} prompt", one["prompt"], row.prompt)
        check(f"{what} response", one["response"], row.response)
        check(f"{what} label", one["label"], row.label)
        check(f"{what} reward", one["reward"], row.reward)
        check(f"{what} status", one["status"], row.status.value)
        check(f"{what} weights", one["weightVersions"], row.weight_versions)
        check(f"{what} removed", one["removed"], row.remove_sample)
        check(f"{what} trained", one["trainedTokens"], row.response_length if row.loss_mask is None else sum(row.loss_mask))


with tempfile.TemporaryDirectory() as temporary:
    folder = Path(temporary) / "dump"
    args = Namespace(
        save_debug_rollout_data=f"{folder}/rollout_data/{{rollout_id}}.pt",
        save_debug_trajectory_data=None,
        load_debug_rollout_data=f"{folder}/rollout_data/{{rollout_id}}.pt",
        load_debug_rollout_data_subsample=None,
    )
    for rollout, kind in enumerate(["binary", "numpy", "zero", "dict"]):
        save_debug_rollout_data(args, samples(rollout, 3, 4, kind), rollout_id=rollout, evaluation=False, metadata={"dp_size": 2})
        data, _ = load_debug_rollout_data(args, rollout)
        check(f"rollout {rollout} is read back by the reference", len(data), 12)
    save_debug_rollout_data(args, {"aime": {"samples": samples(9, 4, 1, "binary")}}, rollout_id=0, evaluation=True)
    check("dumps of the folder", [(one["rollout"], one["evaluation"]) for one in moonlight(folder)["dumps"]], [(0, False), (0, True), (1, False), (2, False), (3, False)])
    for rollout in range(4):
        check_file(folder / f"rollout_data/{rollout}.pt", rollout, False)
    check_file(folder / "rollout_data/eval_0.pt", 0, True)
    zero = moonlight(folder, "--rollout", 2)["dumps"][0]["summary"]["faults"]
    check("a reward that is always 0 is told", any("every reward is 0" in fault for fault in zero), True)
    near("rewards of a key", moonlight(folder, "--rollout", 3, "--reward-key", "score")["dumps"][0]["summary"]["meanReward"], mean([row.reward["score"] for row in samples(3, 3, 4, "dict")]))
    if options.update:
        shutil.rmtree(GOLDEN, ignore_errors=True)
        shutil.copytree(folder, GOLDEN, ignore=shutil.ignore_patterns("*.parquet", "dashboard_columns"))
        print(f"wrote {GOLDEN}")

print(f"{results['passed']} passed, {results['failed']} failed")
sys.exit(results["failed"] > 0)
