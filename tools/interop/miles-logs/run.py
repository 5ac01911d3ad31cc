"""The log parser on what the reference's own logging functions write now.

    npm run interop -- miles-logs --miles CHECKOUT --megatron CHECKOUT

record.py runs them on a real Ray; `moonlight logs --json` must find every report, once, in what they wrote, and the
cause of each failure. With --update the recording becomes the golden one, and its events are written beside it to be
read over. Ends with "N passed, N failed".
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import record

ROOT = record.HERE.parents[2]
GOLDEN = ROOT / "packages/miles/golden/logs"
MOONLIGHT = ROOT / "apps/moonlight/bin/moonlight.js"
EVENTS = """
import { readFileSync, writeFileSync } from "node:fs";
import { LogReader } from "@moonlight-rl/miles";
const lines = [];
const named = (_, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
const reader = new LogReader((event) => { if (event.kind !== "plain") lines.push(JSON.stringify(event, named)); });
reader.push(readFileSync(process.argv[1]));
reader.end();
writeFileSync(process.argv[2], lines.join("\\n") + "\\n");
"""

FAILURES = {
    "user-code": "user-code",
    "disk-full": "disk-full",
    "killed": "actor-died",
    "host-memory": "oom-host",
    "interrupted": "interrupted",
    "engine-dead": "engine-dead",
    "settings": "configuration",
}

results = {"passed": 0, "failed": 0}


def check(what, found, expected):
    if found == expected:
        results["passed"] += 1
    else:
        results["failed"] += 1
        print(f"FAIL  {what}: {found} instead of {expected}")


def events(file):
    done = subprocess.run(["node", MOONLIGHT, "logs", file, "--json"], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_run(file):
    found = events(file)
    of = lambda kind: [event for event in found if event["type"] == kind]
    check("rollouts", [event["rollout"] for event in of("rollout")], [0, 1, 2])
    check("steps", sorted((event["role"], event["step"]) for event in of("step")), [("actor", step) for step in range(6)] + [("critic", 2)])
    check("perf of both sides", sorted((event["side"], event["rollout"]) for event in of("perf")), [(side, rollout) for side in ("rollout", "trainer") for rollout in range(3)])
    check("evaluations", [event["rollout"] for event in of("eval")], [0, 0, 2])
    check("skipped evaluations", [(event["rollout"], event["reason"]) for event in of("eval-skipped")], [(1, "busy")])
    check("multi-turn reports", [event["rollout"] for event in of("multi-turn")], [0, 1, 2])
    check("damaged reports", [event for event in found if event.get("damaged")], [])
    check("NaN", [event["values"]["train/kl_loss"] for event in of("step") if event["step"] == 2 and event["role"] == "actor"], ["NaN"])
    check("saved checkpoints", [event["iteration"] for event in of("checkpoint") if event["action"] == "saved"], [0, 1, 2])
    check("deleted checkpoints", [event["iteration"] for event in of("checkpoint") if event["action"] == "deleted"], [0])
    check("weight updates", len([event for event in of("timer") if event["name"] == "update_weights" and event["edge"] == "end"]), 4)
    check("samples shown", sorted(event["which"] for event in of("sample")), ["eval"] * 3 + ["first"] * 3 + ["last"] * 3)
    check("aborts", len(of("abort")), 3)
    check("GPUs asked for", [event["gpus"] for event in of("placement") if "gpus" in event], [2])
    check("retries", [event["attempt"] for event in of("retry")], [1, 2])
    check("the end", len(of("exit")), 1)
    alarms = {event["id"] for event in of("alarm") if event["state"] == "raised"}
    check("alarms", sorted(alarms & {"not-finite", "reward-all-zero", "engine-unhealthy", "checkpoint-data-state"}), ["checkpoint-data-state", "engine-unhealthy", "not-finite", "reward-all-zero"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--miles")
    parser.add_argument("--megatron")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    if options.miles is None or options.megatron is None:
        print(f"skip  {17 + len(FAILURES)} × a recording needs --miles and --megatron")
    else:
        with tempfile.TemporaryDirectory() as folder:
            logs = GOLDEN if options.update else Path(folder) / "logs"
            record.record(options.miles, options.megatron, logs)
            check_run(logs / "run.txt")
            for name, category in FAILURES.items():
                failures = [event["failure"] for event in events(logs / f"fault-{name}.txt") if event["type"] == "failure"]
                check(f"failure {name}", {failure["category"] for failure in failures}, {category})
            if options.update:
                subprocess.run(
                    ["node", "--input-type=module", "-e", EVENTS, logs / "run.txt", logs / "run.events.jsonl"],
                    cwd=ROOT / "packages/miles",
                    check=True,
                )
    print(f"{results['passed']} passed, {results['failed']} failed")
    sys.exit(results["failed"] > 0)


if __name__ == "__main__":
    main()
