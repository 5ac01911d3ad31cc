"""Stands for the framework's train.py on a machine without GPUs: its flags, log lines, checkpoints and way to resume, on real Ray.

The lines are in the forms that `npm run interop -- miles-logs` records from the framework's own functions. How a job ends is in
`modes` beside this file, one word for each job in turn, the last for all further ones. Checkpoints are copied from `saves`.
"""

import argparse
import os
import pathlib
import shutil
import signal
import sys
import time

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

HERE = pathlib.Path(__file__).resolve().parent
TRACKER = "latest_checkpointed_iteration.txt"


def say(process: str, place: str, text: str) -> None:
    now = time.time()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    print(f"[{stamp}.{int(now % 1 * 1000):03d} {process}] {place} - {text}", flush=True)


@ray.remote(num_cpus=0)
class RolloutManager:
    def generate(self, rollout: int) -> None:
        perf = {"rollout/response_len/mean": 9.5, "rollout/truncated_ratio": 0.0, "perf/rollout_time": 1.5}
        say("rollout_manager", "metrics.py:89", f"perf {rollout}: {perf}")

    def evaluate(self, rollout: int) -> None:
        say("rollout_manager", "metrics.py:53", f"eval {rollout}: {{'eval/tiny-aime': 0.75}}")


@ray.remote(num_cpus=0)
class MegatronTrainRayActor:
    def train(self, rollout: int, steps: int) -> None:
        values = {"rollout/raw_reward": 0.25 + rollout / 100, "rollout/truncated": 0.0}
        say("actor_cell0_rank0", "log_utils.py:123", f"rollout {rollout}: {values}")
        for step in range(rollout * steps, (rollout + 1) * steps):
            figures = {"train/loss": 1 / (step + 1), "train/pg_loss": -0.5, "train/pg_clipfrac": 0.0,
                       "train/kl_loss": 0.0, "train/grad_norm": 0.5, "train/step": step}
            for place in ("log_utils.py:544", "model.py:854"):
                say("actor_cell0_rank0", place, f"step {step}: {figures}")
        perf = {"perf/actor_train_time": 2.5, "perf/step_time": 4.0}
        say("actor_cell0_rank0", "train_metric_utils.py:50", f"perf {rollout}: {perf}")

    def kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def out_of_memory(self) -> None:
        raise MemoryError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1099511627776 bytes")


def take_mode() -> str:
    modes = (HERE / "modes").read_text().split()
    if len(modes) > 1:
        (HERE / "modes").write_text(" ".join(modes[1:]))
    return modes[0]


def start_after(load: pathlib.Path) -> int:
    tracker = load / TRACKER
    if not tracker.exists():
        return 0
    iteration = int(tracker.read_text())
    if not (load / f"rollout/global_dataset_state_dict_{iteration}.pt").exists():
        sys.exit("the prompts would start anew")
    return iteration + 1


def save(folder: pathlib.Path, rollout: int) -> None:
    """As the framework does: the iteration, the tracker, then the position in the prompts."""
    name = f"iter_{rollout:07d}"
    shutil.copytree(HERE / "saves" / name, folder / name, dirs_exist_ok=True)
    (folder / TRACKER).write_text(str(rollout))
    (folder / "rollout").mkdir(exist_ok=True)
    state = f"rollout/global_dataset_state_dict_{rollout}.pt"
    shutil.copy(HERE / "saves" / state, folder / state)
    print(f"  successfully saved checkpoint from iteration {rollout:7d} to {folder} [ t 1/1, p 1/1 ]", flush=True)


def elsewhere() -> dict:
    """On another node than this one, when there is one."""
    here = ray.get_runtime_context().get_node_id()
    others = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["NodeID"] != here]
    return {"scheduling_strategy": NodeAffinitySchedulingStrategy(others[0], soft=False)} if others else {}


def debug(args: argparse.Namespace, manager, actor) -> None:
    """Runs that leave a part out, in the order of the framework's train.py; `kept` has rollouts as it keeps them."""

    def keep(name: str) -> None:
        if args.save_debug_rollout_data is not None:
            file = pathlib.Path(args.save_debug_rollout_data.format(rollout_id=name))
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HERE / "kept" / f"{name}.pt", file)

    if args.num_rollout == 0 and args.eval_interval is not None:
        keep("eval_0")
        ray.get(manager.evaluate.remote(0))
    start = args.start_rollout_id or 0
    count = args.debug_exit_after_rollout or args.num_rollout
    for rollout in range(start, min(args.num_rollout, start + count)):
        if args.load_debug_rollout_data is None:
            ray.get(manager.generate.remote(rollout))
        else:
            pathlib.Path(args.load_debug_rollout_data.format(rollout_id=rollout)).stat()
        keep(str(rollout))
        if not args.debug_rollout_only:
            ray.get(actor.train.remote(rollout, args.num_steps_per_rollout))


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--ref-load", type=pathlib.Path, required=True)
    for flag in ("--save", "--load"):
        parser.add_argument(flag, type=pathlib.Path)
    for flag in ("--num-rollout", "--num-steps-per-rollout"):
        parser.add_argument(flag, type=int, required=True)
    for flag in ("--save-interval", "--eval-interval", "--debug-exit-after-rollout", "--start-rollout-id"):
        parser.add_argument(flag, type=int)
    for flag in ("--save-debug-rollout-data", "--load-debug-rollout-data"):
        parser.add_argument(flag)
    parser.add_argument("--debug-rollout-only", action="store_true")
    args, _ = parser.parse_known_args()
    mode = take_mode()
    say("main", "placement_group.py:113", "Creating placement group with 1 GPUs...")
    if mode == "zero-steps":
        return
    if mode == "crash":
        raise ValueError("label 'x' is not a number")
    ray.init(log_to_driver=True)
    manager, actor = RolloutManager.remote(), MegatronTrainRayActor.options(**elsewhere()).remote()
    if args.save is None:
        debug(args, manager, actor)
        # The last lines of actors reach the driver a moment later.
        return time.sleep(1)
    if mode == "odd-bytes":
        sys.stdout.buffer.write(b"\xff\xfe not UTF-8\r\n")
        sys.stdout.flush()
    if mode == "long-line":
        print("x" * (5 << 20), flush=True)
    saves = 0
    for rollout in range(start_after(args.load), args.num_rollout):
        ray.get(manager.generate.remote(rollout))
        ray.get(actor.train.remote(rollout, args.num_steps_per_rollout))
        time.sleep(0.3 if mode != "slow" else 1.5)
        if mode == "hang":
            time.sleep(100_000)
        if (rollout + 1) % args.save_interval and rollout != args.num_rollout - 1:
            continue
        save(args.save, rollout)
        saves += 1
        if mode == "worker-killed" and saves == 1:
            ray.get(actor.kill.remote())
        if mode == "out-of-memory" and saves == 1:
            ray.get(actor.out_of_memory.remote())
        if mode == "preempted" and saves == 1:
            print("slurmstepd: error: *** JOB 1 ON n1 CANCELLED DUE TO PREEMPTION ***", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    # The last lines of actors reach the driver a moment later.
    time.sleep(1)


if __name__ == "__main__":
    main()
