"""Our verdict on configurations beside that of the reference's own parser and validators, live, on CPU.

    npm run interop -- recipe --miles DIR --megatron DIR [--seed N] [--count N]

DIR are clones of radixark/miles and radixark/Megatron-LM; without them nothing can be compared, which is said. Makes COUNT
configurations near the recipe's from the seed, has the reference judge each in a process of its own, and compares as
`--cases` does: outcome, stage, place of the refusal, resolved values. Half of them know no rule (`mutations.py`), half are such
as our rules refuse, and their neighbours (`directed.ts`). `--keep FILE` keeps what the reference said as such cases. Ends
with "N passed, N failed".
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CASES = ROOT / "tools/interop/dist/recipe/cases.js"
DIRECTED = ROOT / "tools/interop/dist/recipe/directed.js"
SGLANG = "sglang==0.5.16"
NAMES = json.loads((HERE / "resolved-names.json").read_text())
WORKER_SECONDS = 3 * 3600


def sglang_files() -> pathlib.Path:
    """SGLang without what it depends on: only its parser is read."""
    folder = pathlib.Path(sys.prefix) / SGLANG
    if not folder.exists():
        print(f"downloading {SGLANG} without its dependencies (once)", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=sys.prefix) as name:
            target = pathlib.Path(name) / "files"
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), SGLANG]
            subprocess.run(pip, check=True, timeout=600, stdin=subprocess.DEVNULL)
            target.rename(folder)
    return folder


def directed_cases(options: argparse.Namespace, file: pathlib.Path) -> None:
    """Half of the configurations: those that our rules refuse."""
    made = subprocess.run(["node", DIRECTED, str(options.seed)], timeout=900, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    lines = made.stdout.splitlines()
    random.Random(options.seed).shuffle(lines)
    file.write_text("".join(f"{line}\n" for line in lines[: options.count // 2]))


def judge_part(options: argparse.Namespace, part: int) -> None:
    """Every `jobs`-th case, judged; one JSON object a line."""
    from case import Case
    from mutations import Mutations
    from reference import Reference

    reference = Reference(options.miles, options.megatron, options.sglang, NAMES)
    directed = [Case(**json.loads(line)) for line in options.directed.read_text().splitlines()]
    cases = directed + Mutations(reference.parsers["full"], options.seed).cases(options.count - len(directed))
    with open(options.part_file, "w") as file:
        for case in cases[part :: options.jobs]:
            print(json.dumps({**case.record(), **reference.judge(case)}), file=file, flush=True)


def judge_all(options: argparse.Namespace, folder: pathlib.Path) -> list[dict]:
    options.directed = folder / "directed.jsonl"
    directed_cases(options, options.directed)

    def work(part: int) -> list[dict]:
        file = folder / f"{part}.jsonl"
        command = [sys.executable, __file__, "--part", str(part), "--part-file", str(file), "--jobs", str(options.jobs)]
        for name in ("miles", "megatron", "sglang", "directed", "seed", "count"):
            command += [f"--{name}", str(getattr(options, name))]
        env = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=env, timeout=WORKER_SECONDS, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-2000:])
        return [json.loads(line) for line in file.read_text().splitlines()]

    with ThreadPoolExecutor(options.jobs) as pool:
        parts = list(pool.map(work, range(options.jobs)))
    return [record for part in parts for record in part]


def main() -> int:
    parser = argparse.ArgumentParser()
    for flag in ("--miles", "--megatron", "--sglang", "--directed", "--keep", "--part-file"):
        parser.add_argument(flag, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--part", type=int)
    options = parser.parse_args()
    if options.part is not None:
        judge_part(options, options.part)
        return 0
    if None in (options.miles, options.megatron):
        print(f"skip  {options.count} × a configuration is judged: the comparison needs --miles DIR and --megatron DIR")
        print("0 passed, 0 failed")
        return 0
    options.sglang = options.sglang or sglang_files()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        records = judge_all(options, folder)
        judged = [record for record in records if record["outcome"] != "broken"]
        for record in records:
            if record["outcome"] == "broken":
                last = record["message"].strip().splitlines()[-1]
                print(f"FAIL  {record['id']} [{'; '.join(record['mutations'])}] the reference could not be run: {last}")
        file = options.keep or folder / "cases.jsonl"
        file.write_text("".join(json.dumps(record) + "\n" for record in judged))
        compared = subprocess.run(["node", CASES, file], timeout=600, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        *lines, summary = compared.stdout.strip().splitlines()
        print("\n".join(lines))
        passed, failed = (int(word.split()[0]) for word in summary.split(", "))
        failed += len(records) - len(judged)
        print(f"seed {options.seed}: {sum(record['outcome'] == 'reject' for record in judged)} of {len(judged)} refused by the reference")
        print(f"{passed} passed, {failed} failed")
        return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
