"""python grade-pairs.py GRADER PAIRS.jsonl.gz PASSES MILES: the reference's grader over the pairs, one report a pass.

Its modules are loaded unmodified and without the rest of miles. A pair that takes longer than five seconds is given up in the
first pass and left out of all; `slow` names them.
"""

import gzip
import importlib
import json
import logging
import pathlib
import resource
import signal
import sys
import time
import types

SECONDS = 5


class TooSlow(BaseException):
    """Not an Exception: the graders swallow those."""


def too_slow(*_) -> None:
    raise TooSlow


def load(name: str, miles: pathlib.Path):
    package = types.ModuleType("rm_hub")
    package.__path__ = [str(miles / "miles/rollout/rm_hub")]
    sys.modules["rm_hub"] = package
    if name == "dapo":
        return importlib.import_module("rm_hub.math_dapo_utils").compute_score
    return importlib.import_module("rm_hub.math_utils").grade_answer_verl


def main() -> None:
    name, file, passes, miles = sys.argv[1:]
    logging.disable(logging.WARNING)
    signal.signal(signal.SIGALRM, too_slow)
    grader = load(name, pathlib.Path(miles))
    pairs = [json.loads(line) for line in gzip.open(file, "rt")]
    out = sys.stdout
    sys.stdout = sys.stderr
    slow: list[int] = []
    for pair in pairs:
        signal.alarm(SECONDS)
        try:
            grader(pair["response"], pair["label"])
        except TooSlow:
            slow.append(pair["id"])
        except Exception:
            pass
        finally:
            signal.alarm(0)
    pairs = [pair for pair in pairs if pair["id"] not in slow]
    reports = []
    for _ in range(int(passes)):
        times = []
        start = time.process_time()
        for pair in pairs:
            began = time.perf_counter()
            try:
                grader(pair["response"], pair["label"])
            except Exception:
                pass
            times.append(time.perf_counter() - began)
        seconds = time.process_time() - start
        times.sort()
        reports.append({"pairs": len(pairs), "seconds": seconds, "p99Ms": 1000 * times[int(0.99 * len(times))], "slow": slow})
    print(json.dumps({"reports": reports, "peakRss": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}), file=out)


main()
