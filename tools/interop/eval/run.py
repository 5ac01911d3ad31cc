"""The statistics of `@moonlight-rl/eval` against NumPy and SciPy, and its accuracy against lm-eval's.

    npm run interop -- eval [--update]

Makes the golden cases anew and compares them, number by number, with the committed file that the package's tests read
(--update writes it); runs those tests; has one server evaluated by lm-eval and by us. Ends with "N passed, N failed".
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys

from lm_eval_check import accuracies
from make_golden import make_golden

ROOT = pathlib.Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "packages/eval/src/statistics/statistics.golden.json"
TESTS = "packages/eval/src/statistics/statistics.test.ts"


def same(a: object, b: object) -> bool:
    """Equal up to the last digits, in which builds of NumPy may differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    return a == b


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true", help="write the golden file")
    options = parser.parse_args()
    made = json.loads(json.dumps(make_golden()))
    if options.update:
        GOLDEN.write_text(json.dumps(made, separators=(",", ":")) + "\n")
    committed = json.loads(GOLDEN.read_text())
    passed = failed = 0
    for kind, cases in made.items():
        for number, case in enumerate(cases):
            ok = number < len(committed[kind]) and same(case, committed[kind][number])
            passed, failed = passed + ok, failed + (not ok)
            if not ok:
                print(f"FAIL  {kind} {number}: the committed golden differs from {case}")
        if len(committed[kind]) > len(cases):
            failed += 1
            print(f"FAIL  {kind}: the committed golden has more cases")
    tests = subprocess.run(["npx", "vitest", "run", TESTS], cwd=ROOT, capture_output=True, text=True)
    ok = tests.returncode == 0
    passed, failed = passed + ok, failed + (not ok)
    print("ok    our statistics on these cases" if ok else f"FAIL  our statistics\n{tests.stdout[-3000:]}")
    theirs, ours = accuracies()
    ok = theirs == ours
    passed, failed = passed + ok, failed + (not ok)
    print(f"{'ok   ' if ok else 'FAIL '} accuracy by lm-eval {theirs}, by us {ours}")
    print(f"{passed} passed, {failed} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
