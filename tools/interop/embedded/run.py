"""The embedded engine against transformers' DeepseekV3ForCausalLM, on models and tokens made just now.

    npm run interop -- embedded

For each of several seeds, Python makes a random model of every variant of the architecture, its logits, log-probs, loss
and gradients; the parity tests of `@moonlight-rl/embedded` then run over these instead of the committed golden folders.
Those folders themselves must be what Python gives for their seed, but for the last digits. Ends with "N passed, N failed".
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from make_golden import VARIANTS
from make_golden import main as make_golden
from make_tiny_golden import main as make_tiny_golden
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "packages/embedded/golden"
TESTS = "packages/embedded/src/engine/transformers-parity.test.ts"
SEEDS = [7, 1, 2, 3, 4]
COMMITTED = 7
TINY = ROOT / "packages/tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight"


def same_as_committed(made: Path) -> str | None:
    for variant in VARIANTS:
        for name in ("model", "gradients", "logits"):
            file = f"{variant}/{name}.safetensors"
            ours, theirs = load_file(GOLDEN / file), load_file(made / file)
            if ours.keys() != theirs.keys():
                return f"{file}: other tensors"
            for key, tensor in ours.items():
                if not torch.allclose(tensor, theirs[key], rtol=1e-4, atol=1e-6):
                    return f"{file}: {key} differs by {(tensor - theirs[key]).abs().max()}"
    return None


def tiny_as_committed() -> str | None:
    """The golden file of the tiny checkpoint, which the normal tests hold the engine to, is what transformers gives today."""

    def numbers(value) -> list[float]:
        if isinstance(value, dict):
            value = [value[key] for key in sorted(value)]
        return [x for item in value for x in numbers(item)] if isinstance(value, list) else [value]

    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "tiny.json"
        make_tiny_golden(str(TINY), made)
        ours, theirs = (torch.tensor(numbers(json.loads(f.read_text()))) for f in (GOLDEN / "tiny-moonlight.json", made))
        if ours.shape != theirs.shape or not torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5):
            return "tiny-moonlight.json differs"
    return None


def parity(golden: Path, report: Path) -> tuple[int, list[str]]:
    run = subprocess.run(
        ["npx", "vitest", "run", TESTS, "--reporter=json", f"--outputFile={report}"],
        cwd=ROOT,
        env={**os.environ, "DEEPSEEK_V3_GOLDEN": str(golden)},
        capture_output=True,
        text=True,
    )
    if not report.exists():
        return 0, [run.stdout + run.stderr]
    tests = [test for suite in json.loads(report.read_text())["testResults"] for test in suite["assertionResults"]]
    failures = [f"{test['title']}: {test['failureMessages'][:1]}" for test in tests if test["status"] != "passed"]
    if not tests:
        failures.append("no test ran")
    return len(tests) - len(failures), failures


def main() -> int:
    passed, failed = 0, 0
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as scratch:
            golden = Path(scratch) / "golden"
            make_golden(golden, seed)
            count, failures = parity(golden, Path(scratch) / "report.json")
            if seed == COMMITTED:
                difference = same_as_committed(golden)
                count, failures = count + (difference is None), failures + ([] if difference is None else [difference])
        passed, failed = passed + count, failed + len(failures)
        print(f"ok    seed {seed}: {count} checks" if not failures else f"FAIL  seed {seed}: {failures}")
    difference = tiny_as_committed()
    passed, failed = passed + (difference is None), failed + (difference is not None)
    print("ok    the tiny checkpoint" if difference is None else f"FAIL  {difference}")
    print(f"{passed} passed, {failed} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
