"""One failure of a job on a real Ray: what its driver prints until it ends."""

import argparse
import os
import signal
import sys
import time

import ray

parser = argparse.ArgumentParser()
parser.add_argument("--miles", required=True)
parser.add_argument("--case", required=True)
options = parser.parse_args()

HERE = os.path.dirname(os.path.abspath(__file__))


class MegatronTrainRayActor:
    def __init__(self, miles, here):
        sys.path.insert(0, here)
        import stubs

        stubs.install(miles)
        from miles.utils.logging_utils import configure_logger_raw

        configure_logger_raw("actor_cell0_rank0")

    def train(self, case):
        from miles.utils.timer import timer
        from miles.utils.tracking_utils.structured_log import with_logs

        @with_logs
        @timer
        def train(self):
            getattr(self, case)()

        train(self)

    def user_code(self):
        # The reference's own reader, of a data file that is not there.
        from miles.utils.data import read_file

        list(read_file("/data/missing.jsonl"))

    def disk_full(self):
        import torch

        torch.save({"model": torch.zeros(1 << 16)}, "/dev/full")

    def killed(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def host_memory(self):
        # Ray's memory monitor kills it: its threshold is set below what the machine already uses.
        held = bytearray(256 << 20)
        time.sleep(60)
        del held

    def interrupted(self):
        time.sleep(60)

    def engine_dead(self):
        from miles.backends.sglang_utils.sglang_engine import _wait_server_healthy

        _wait_server_healthy("http://127.0.0.1:9", "key", lambda: False)


def main():
    config = {}
    if options.case == "host_memory":
        os.environ["RAY_memory_usage_threshold"] = "0.01"
        os.environ["RAY_memory_monitor_refresh_ms"] = "250"
    ray.init(num_cpus=2, include_dashboard=False, logging_level="warning", **config)
    if options.case == "settings":
        sys.path.insert(0, HERE)
        import stubs
        from argparse import Namespace

        stubs.install(options.miles)
        from miles.utils.arguments import hf_validate_args

        ours = Namespace(model_name=None, hidden_size=4096, num_attention_heads=16, context_parallel_size=1)
        hf_validate_args(ours, Namespace(model_type="deepseek_v3", hidden_size=2048, num_attention_heads=16))
    actor = ray.remote(max_restarts=0)(MegatronTrainRayActor).remote(options.miles, HERE)
    if options.case == "interrupted":
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
        signal.alarm(8)
    try:
        ray.get(actor.train.remote(options.case))
    finally:
        # Ray's log monitor writes every half second.
        time.sleep(3)


main()
