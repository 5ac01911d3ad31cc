"""The graders of miles, run now, beside the committed outcomes and beside ours.

    npm run interop -- reward --miles CHECKOUT

Their modules are loaded unmodified and without the rest of miles. They grade every pair of the golden file, which must
give what is committed; then seeded random pairs, whose outcomes our graders must share (cases.ts compares). A pair that
takes the reference longer than five seconds is skipped. Ends with "N passed, N failed".
"""

import argparse
import gzip
import importlib
import json
import logging
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import types

import mutations

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
GOLDEN = ROOT / "packages/reward/golden/grader-pairs.golden.jsonl.gz"
SECONDS = 5


def load_graders(miles: pathlib.Path) -> dict:
    package = types.ModuleType("rm_hub")
    package.__path__ = [str(miles / "miles/rollout/rm_hub")]
    sys.modules["rm_hub"] = package
    math = importlib.import_module("rm_hub.math_utils")
    dapo = importlib.import_module("rm_hub.math_dapo_utils")
    deepscaler = importlib.import_module("rm_hub.deepscaler")
    graders = {
        "math": lambda response, label: 1 if math.grade_answer_verl(response, label) else 0,
        "dapo": lambda response, label: {"score": dapo.compute_score(response, label)["score"]},
        "deepscaler": deepscaler.get_deepscaler_rule_based_reward,
    }
    f1 = importlib.import_module("rm_hub.f1")
    gpqa = importlib.import_module("rm_hub.gpqa")
    graders["f1"] = lambda response, label: f1.f1_score(response, label)[0]
    graders["gpqa"] = lambda response, label: gpqa.compute_gpqa_reward(response, label, metadata=None)
    # What async_rm does before it looks at the rest of the name.
    boxed = lambda response: math.extract_answer(response) or ""  # noqa: E731
    graders["boxed_math"] = lambda response, label: graders["math"](boxed(response), label)
    graders["boxed_f1"] = lambda response, label: graders["f1"](boxed(response), label)
    graders["boxed_gpqa"] = lambda response, label: graders["gpqa"](boxed(response), label)
    # Older checkouts do not have it.
    if hasattr(deepscaler, "get_gemma_math_reward"):
        graders["gemma"] = deepscaler.get_gemma_math_reward
    return graders


class TooSlow(BaseException):
    """Not an Exception: the graders swallow those."""


def too_slow(*_) -> None:
    raise TooSlow


def grade(graders: dict, response: str, label: object) -> dict | None:
    outcomes = {}
    for name, grader in graders.items():
        signal.alarm(SECONDS)
        try:
            outcomes[name] = grader(response, label)
        except TooSlow:
            return None
        except Exception as error:
            outcomes[name] = {"error": f"{type(error).__name__}: {error}"}
        finally:
            signal.alarm(0)
    return outcomes


def plain(outcome: object) -> object:
    """As the golden file has it."""
    if isinstance(outcome, dict):
        return "error" if "error" in outcome else outcome["score"]
    return outcome


def number(rng: random.Random) -> str:
    whole = str(rng.choice([0, 1, 5, 12, 204, 999, 1000, 23456, -3, -17]))
    return rng.choice([whole, whole, f"{whole}.5", f"{whole}.0", f"0{whole}", f"\\frac{{{whole}}}{{7}}", f"{whole}/3", f"{int(whole):,}"])


def expression(rng: random.Random) -> str:
    a, b, c = rng.randint(-9, 9), rng.randint(1, 9), rng.randint(1, 9)
    return rng.choice(
        [
            number(rng), number(rng), number(rng),
            f"x^2+{b}x", f"x(x+{b})", f"{b}+x", f"x+{b}", f"{b}x{a:+}", f"(x+{b})(x-{c})",
            f"\\sqrt{{{b * b * c}}}", f"{b}\\sqrt{{{c}}}", f"{b}\\pi", f"\\pi {b}", f"({a},{b})", f"({a}, {b})", f"[{a},{b}]",
            f"{b}\\text{{ cm}}", f"{b}\\%", f"\\${b}", f"{a}^\\circ", f"x={a}", f"\\text{{{rng.choice(['yes', 'no', 'B'])}}}", "",
        ]
    )  # fmt: skip


def response(rng: random.Random, answer: str) -> str:
    box = f"\\boxed{{{answer}}}"
    final = rng.choice([box, box, f"${box}$.", f"Answer: {answer}", f"Answer: {answer}\n{box}", f"\\boxed{{7}} then {box}", answer])
    return rng.choice(["", "<think>so</think>", "###Response\n", "thought<channel|>"]) + rng.choice(["", "It is "]) + final


WORDS = "the a an answer Answer option choice is final yes no noanswer B C D A: (B) **C** b is the correct. Paris Argon argon 42 U.S. don't élan ſ K ı".split()


def sentence(rng: random.Random) -> str:
    return rng.choice(["", "", "</think>"]) + " ".join(rng.choice(WORDS) for _ in range(rng.randint(0, 9)))


def random_cases(count: int, seed: int) -> list[dict]:
    """Answers made up, answers around the golden ones, and sentences."""
    rng = random.Random(seed)
    answers = mutations.load_answers(GOLDEN)
    cases = []
    for _ in range(count):
        kind = rng.random()
        rounding = False
        if kind < 0.1:
            label = expression(rng)
            text = response(rng, label if rng.random() < 0.4 else expression(rng))
        elif kind < 0.2:
            label = rng.choice([sentence(rng), rng.choice(WORDS)])
            text = rng.choice([sentence(rng), f"\\boxed{{{sentence(rng)}}}"])
        else:
            answer, label, rounding = mutations.pair(answers, rng)
            text = response(rng, answer)
        cases.append({"response": text, "label": label, **({"rounding": True} if rounding else {})})
    return cases


def against_golden(graders: dict) -> tuple[int, int]:
    passed = failed = slow = 0
    for line in gzip.open(GOLDEN, "rt"):
        pair = json.loads(line)
        outcomes = grade(graders, pair["response"], pair["label"])
        if outcomes is None:
            slow += 1
            continue
        for name, outcome in outcomes.items():
            # The file has four of them; f1 and gpqa have files of their own.
            if name not in pair:
                continue
            if plain(outcome) == pair[name]:
                passed += 1
            else:
                failed += 1
                print(f"FAIL  golden pair {pair['id']} {name}: committed {pair[name]}, miles now {outcome}")
    if slow:
        print(f"skip  {slow} × golden pairs take the reference more than {SECONDS} s")
    print(f"ok    {passed} outcomes of the golden file are what miles gives now")
    return passed, failed


def against_ours(graders: dict, count: int, seed: int) -> tuple[int, int]:
    rewarded = 0
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "cases.jsonl"
        with file.open("w") as out:
            for i, case in enumerate(random_cases(count, seed)):
                outcomes = grade(graders, case["response"], case["label"])
                if outcomes is not None:
                    rewarded += sum(plain(outcome) == 1 for outcome in outcomes.values())
                    out.write(json.dumps({"id": i, **case, **outcomes}) + "\n")
        done = subprocess.run(
            ["node", str(ROOT / "tools/interop/dist/reward/cases.js"), str(file)], stdout=subprocess.PIPE, text=True
        )
        lines = done.stdout.rstrip("\n").split("\n")
        print("".join(f"{line}\n" for line in lines[:-1]), end="")
        passed, failed = (int(word) for word in lines[-1].replace(",", "").split() if word.isdigit())
        print(f"ok    {passed} random outcomes are the same ({rewarded} were rewarded)")
        return passed, failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--miles", type=pathlib.Path, help="checkout of miles")
    parser.add_argument("--megatron", type=pathlib.Path, help="not needed")
    parser.add_argument("--count", type=int, default=4000, help="number of random pairs")
    parser.add_argument("--seed", type=int, default=20261123, help="of the random pairs")
    options = parser.parse_args()
    if options.miles is None:
        print("skip  the reference's graders: needs --miles DIR\n0 passed, 0 failed")
        return 0
    signal.signal(signal.SIGALRM, too_slow)
    # pylatexenc warns of each malformed macro; malformed ones are among the cases.
    logging.disable(logging.WARNING)
    graders = load_graders(options.miles)
    counts = [against_golden(graders), against_ours(graders, options.count, options.seed)]
    print(f"{sum(p for p, _ in counts)} passed, {sum(f for _, f in counts)} failed")
    return 1 if any(f for _, f in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
