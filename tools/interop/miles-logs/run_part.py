"""A small run on a real Ray, whose actors call the reference's own logging functions in the order of its train.py."""

import argparse
import asyncio
import logging
import math
import os
import sys
import time
from argparse import Namespace

import ray

parser = argparse.ArgumentParser()
parser.add_argument("--miles", required=True)
parser.add_argument("--megatron", required=True)
parser.add_argument("--save", required=True)
options = parser.parse_args()

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import stubs

stubs.install(options.miles)

ARGS = dict(
    actor_num_nodes=1,
    actor_num_gpus_per_node=2,
    rollout_num_gpus=2,
    rollout_num_gpus_per_engine=2,
    eval_num_gpus=0,
    colocate=True,
    debug_train_only=False,
    debug_rollout_only=False,
    rollout_external=False,
    use_critic=False,
    custom_rollout_log_function_path=None,
    custom_eval_rollout_log_function_path=None,
    load_debug_rollout_data=None,
    log_passrate=True,
    advantage_estimator="grpo",
    reward_key=None,
    sglang_speculative_algorithm=None,
    log_reward_category=None,
    n_samples_per_prompt=4,
    n_samples_per_eval_prompt=4,
    rollout_batch_size=4,
    over_sampling_batch_size=8,
    global_batch_size=8,
    wandb_always_use_train_step=False,
    use_session_server=False,
    ci_test=False,
    partial_rollout=False,
    use_miles_router=False,
    sglang_router_ip="10.0.0.1",
    sglang_router_port=3000,
    rollout_sample_filter_path=None,
    rollout_all_samples_process_path=None,
    rollout_global_dataset=True,
    dynamic_sampling_filter_path="miles.rollout.filter_hub.dynamic_sampling_filters.check_reward_nonzero_std",
    use_dynamic_global_batch_size=False,
    disable_rollout_trim_samples=False,
    use_dynamic_batch_size=False,
    qkv_format="thd",
    log_multi_turn=True,
    log_correct_samples=False,
    rollout_max_response_len=64,
    rollout_health_check_interval=30,
    rollout_health_check_timeout=30,
    rollout_health_check_first_wait=0,
    save_debug_event_data=None,
)


class RolloutManager:
    """Stands where the reference's manager stands; what it logs comes from the reference's functions."""

    def __init__(self, miles, here):
        sys.path.insert(0, here)
        import stubs

        stubs.install(miles)
        import random

        from miles.utils.logging_utils import configure_logger_raw

        configure_logger_raw("rollout_manager")
        self.args = Namespace(**ARGS)
        self.random = random.Random(7)
        self.next = 0

    def start(self, load):
        from miles.backends.sglang_utils import sglang_engine
        from miles.ray.rollout import addr_allocator, router_manager
        from miles.rollout.data_source import RolloutDataSource
        from miles.utils.health_monitor import RolloutHealthMonitor
        from statement import run_statement

        run_statement(
            router_manager.__file__,
            "start_router",
            "Launch router with args",
            dict(logger=router_manager.logger, router_args=Namespace(host="10.0.0.1", port=3000)),
        )
        run_statement(
            router_manager.__file__,
            "start_router",
            "Router launched",
            dict(logger=router_manager.logger, router_ip="10.0.0.1", router_port=3000),
        )
        ports = dict(port=15000, nccl_port=15001, dist_init_addr="10.0.0.1:15002")
        run_statement(
            addr_allocator.__file__,
            "allocate_rollout_engine_addr_and_ports_normal",
            "Ports for engine",
            dict(logger=addr_allocator.logger, i=0, addr_and_ports=[ports]),
        )
        run_statement(
            sglang_engine.__file__,
            "_init_normal",
            "Launch HttpServerEngineAdapter",
            dict(logger=sglang_engine.logger, self=Namespace(server_host="10.0.0.1", server_port=15000)),
        )
        group = Namespace(all_engines=[1], engines=[Namespace(is_allocated=True, actor_handle=None)], nodes_per_engine=1)
        group.stop_engines = lambda engine_indices: None
        self.monitor = RolloutHealthMonitor(group, self.args)
        self.monitor.start()
        for id in (-1, 19):
            source = object.__new__(RolloutDataSource)
            source.args = Namespace(rollout_global_dataset=True, load=load)
            source.load(id)

    def unhealthy(self):
        self.monitor._check_engine_health(0, self.monitor._server_group.engines[0])

    def _groups(self, count, lengths, reward):
        from miles.utils.types import Sample

        groups = []
        for _ in range(count):
            group = []
            for _ in range(self.args.n_samples_per_prompt):
                length = self.random.randrange(*lengths)
                group.append(
                    Sample(
                        group_index=self.next // self.args.n_samples_per_prompt,
                        index=self.next,
                        prompt="What is 1 + 1? {'rollout': 3}",
                        tokens=list(range(length + 4)),
                        response="1 + 1 is \\boxed{2}. " + "é" * 3,
                        response_length=length,
                        label="2",
                        reward=reward(self.random),
                        loss_mask=[1] * length,
                        rollout_log_probs=[-0.1] * length,
                        status=Sample.Status.TRUNCATED if length > 60 else Sample.Status.COMPLETED,
                    )
                )
                self.next += 1
            groups.append(group)
        return groups

    async def generate(self, rollout_id, reward="mixed"):
        from miles.ray.rollout import metrics, rollout_data_conversion, train_data_conversion
        from miles.rollout import sglang_rollout
        from miles.utils import dumper_utils
        from miles.utils.misc import SingletonMeta

        one = {"mixed": lambda random: random.randrange(2), "zero": lambda random: 0}[reward]
        args = Namespace(**vars(self.args))
        if reward == "zero":
            args.dynamic_sampling_filter_path = None
        manager = self

        class State(metaclass=SingletonMeta):
            def __init__(self, args):
                self.args = args
                self.sampling_params = {}
                self.tokenizer = None
                self.reset()

            def reset(self):
                self.pendings = set()
                self.remaining_batch_size = 0
                self.aborted = False

            def submit_generate_tasks(self, groups):
                async def made(group, delay):
                    await asyncio.sleep(delay)
                    return group

                for place, group in enumerate(groups):
                    self.pendings.add(asyncio.ensure_future(made(group, 0.3 + 0.3 * place)))
                self.remaining_batch_size += len(groups)

        async def answer(url, *_args, **_kwargs):
            return {"workers": [{"url": "http://10.0.0.1:15000"}, {"url": "http://10.0.0.2:15000"}]}

        async def nothing(*_args, **_kwargs):
            return None

        sglang_rollout.GenerateState = State
        sglang_rollout.get = answer
        sglang_rollout.post = answer
        sglang_rollout.call_agent_abort_hook = nothing
        dumper_utils.configure_sglang = nothing
        sglang_rollout.dumper_utils.configure_sglang = nothing
        start = time.time()
        output, _ = await sglang_rollout.generate_rollout_async(
            args, rollout_id, lambda count: manager._groups(count, (20, 64), one)
        )
        data = [sample for group in output.samples for sample in group]
        metrics.log_rollout_data(rollout_id, args, data, output.metrics, round(time.time() - start, 3))
        trimmed = data[:-3] if rollout_id == 1 else data
        rollout_data_conversion.postprocess_rollout_data(
            args, [trimmed], train_parallel_config=dict(dp_size=2)
        )
        from statement import run_statement

        run_statement(
            train_data_conversion.__file__,
            "split_train_data_by_dp_scheduled_raw",
            "Rollout-side DP schedule",
            dict(
                logger=train_data_conversion.logger,
                total_lengths=[0] * len(trimmed),
                num_rollouts=[8] * (len(trimmed) // 8),
                num_microbatches=[2] * (len(trimmed) // 8),
            ),
        )

    def evaluate(self, rollout_id, skip=None):
        from miles.ray.rollout import metrics
        from miles.rollout import sglang_rollout
        from statement import run_statement
        from tqdm import tqdm

        if skip is not None:
            return metrics.log_eval_skip(rollout_id, self.args, skip)
        samples = [sample for group in self._groups(4, (20, 64), lambda random: random.randrange(2)) for sample in group]
        bar = tqdm(total=len(samples), desc="Eval aime")
        for place, sample in enumerate(samples):
            if place == 0:
                run_statement(
                    sglang_rollout.__file__,
                    "eval_rollout_single_dataset",
                    "eval_rollout_single_dataset example data",
                    dict(logger=sglang_rollout.logger, logged_sample=sample, str=str),
                )
            bar.update(1)
        bar.close()
        metrics.log_eval_rollout_data(
            rollout_id,
            self.args,
            {
                "aime": dict(
                    rewards=[sample.reward for sample in samples],
                    truncated=[sample.status == sample.Status.TRUNCATED for sample in samples],
                    samples=samples,
                )
            },
        )

    async def retry(self):
        from miles.utils import http_utils
        import httpx

        async with httpx.AsyncClient() as client:
            try:
                await http_utils._post(client, "http://127.0.0.1:9/generate", {}, max_retries=2)
            except httpx.HTTPError:
                pass

    def stop(self):
        self.monitor.stop()


class MegatronTrainRayActor:
    """Two ranks: what the reference prints on every rank is what Ray folds into repeats."""

    def __init__(self, miles, megatron, here, rank, port, save):
        sys.path.insert(0, here)
        import stubs

        stubs.install(miles)
        import torch
        import torch.distributed as dist

        from miles.backends.training_utils import parallel
        from miles.utils.logging_utils import configure_logger_raw

        configure_logger_raw(f"actor_cell0_rank{rank}")
        self.args = Namespace(**ARGS)
        self.megatron = f"{megatron}/megatron/training/checkpointing.py"
        self.save_dir = save
        self.rank = rank
        dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", world_size=2, rank=rank)
        torch.manual_seed(rank)
        group = Namespace(rank=rank, size=2, gloo_groups_inner_to_outer=[dist.group.WORLD], groups_inner_to_outer=[dist.group.WORLD])
        one = Namespace(rank=0, size=1)
        state = Namespace(tp=one, cp=one, is_pp_last_stage=True, effective_dp_cp=group, intra_dp=group)
        parallel.set_parallel_state(state)
        from miles.utils.timer import Timer

        Timer().start("train_wait")

    def _print(self, function, contains, **names):
        """A line of Megatron's checkpointing.py, by its own statement."""
        from datetime import datetime
        from statement import run_statement

        if self.rank != 0:
            return
        mpu = Namespace(
            get_tensor_model_parallel_rank=lambda: 0,
            get_tensor_model_parallel_world_size=lambda: 4,
            get_pipeline_model_parallel_rank=lambda: 0,
            get_pipeline_model_parallel_world_size=lambda: 1,
        )
        run_statement(
            self.megatron,
            function,
            contains,
            dict(
                print_rank_0=lambda text: print(text, flush=True),
                datetime=datetime,
                mpu=mpu,
                args=Namespace(save=self.save_dir),
                save_dir=self.save_dir,
                load_dir=self.save_dir,
                ckpt_format="torch_dist",
                dist_infix="distributed ",
                tensor_rank_to_print=1,
                pipeline_rank_to_print=1,
                **names,
            ),
        )

    def _memory(self, label):
        import torch

        from miles.utils import memory_utils

        torch.cuda.current_device = lambda: self.rank
        torch.cuda.mem_get_info = lambda device: (71 * 2**30, 80 * 2**30)
        torch.cuda.memory_allocated = lambda device: 5 * 2**30 + 12345678
        torch.cuda.memory_reserved = lambda device: 7 * 2**30
        memory_utils.print_memory(label)

    def init(self):
        self._print("_load_base_checkpoint", "loading {dist_infix}checkpoint", iteration=19)
        self._print("load_checkpoint", "successfully loaded checkpoint", iteration=19)

    def train(self, rollout_id, poison=None):
        import torch

        from miles.backends.megatron_utils import model
        from miles.backends.training_utils import log_utils
        from miles.utils.timer import inverse_timer, timer
        from miles.utils.tracking_utils.structured_log import log_structured, with_logs
        from statement import run_statement

        @with_logs
        def train(self):
            with timer("data_preprocess"):
                lengths = [20, 31, 64, 44] if self.rank == 0 else [22, 35, 64, 64]
                data = {
                    "response_lengths": lengths,
                    "rewards": [0.5, -0.5, 1.0, -1.0],
                    "truncated": [0, 0, 1, 0],
                    "raw_reward": [1, 0, 1, 0] if poison != "zero" else [0, 0, 0, 0],
                    "total_lengths": [length + 4 for length in lengths],
                    "loss_masks": [torch.ones(length) for length in lengths],
                    "rollout_log_probs": [-torch.rand(length) for length in lengths],
                    "log_probs": [-torch.rand(length) for length in lengths],
                    "ref_log_probs": [-torch.rand(length) for length in lengths],
                    "advantages": [torch.rand(length) - 0.5 for length in lengths],
                    "returns": [torch.rand(length) - 0.5 for length in lengths],
                    "round_number": [1, 2, 3, 1],
                }
            with inverse_timer("train_wait"), timer("train"):
                with timer("ref_log_probs"):
                    pass
                with timer("log_probs"):
                    pass
                log_utils.log_rollout_data(rollout_id, self.args, data)
                with timer("actor_train"):
                    for step_id in range(2):
                        if self.rank != 0:
                            continue
                        loss = {
                            "loss": torch.tensor([0.25, 0.125]),
                            "pg_loss": -0.0123456789,
                            "entropy_loss": 1e-05,
                            "pg_clipfrac": 0.0,
                            "ppo_kl": 3.5e-07,
                            "train_rollout_logprob_abs_diff": 0.01234,
                            "kl_loss": math.nan if poison == "nan" else 0.0,
                        }
                        log_dict = log_utils.log_train_step(
                            args=self.args,
                            loss_dict=loss,
                            grad_norm=math.inf if poison == "nan" else 0.75 + step_id,
                            rollout_id=rollout_id,
                            step_id=step_id,
                            num_steps_per_rollout=2,
                            extra_metrics={"lr-pg_0": 1e-06, "lr-pg_1": 1e-06},
                            should_log=True,
                        )
                        run_statement(
                            model.__file__,
                            "train",
                            "step {accumulated_step_id}: {log_dict}",
                            dict(
                                logger=model.logger,
                                role_tag="",
                                accumulated_step_id=rollout_id * 2 + step_id,
                                log_dict=log_dict,
                            ),
                        )
                        log_structured(
                            model.logger.info,
                            op="train_step",
                            rollout=rollout_id,
                            step=step_id,
                            attempt=0,
                            outcome="NORMAL",
                            valid_step=True,
                        )
            from miles.utils.timer import Timer

            Timer().seq_lens = data["total_lengths"]
            log_utils.calculate_fwd_flops = lambda seqlens, args: 1e15
            log_utils.log_perf_data(rollout_id, self.args)

        train(self)
        if rollout_id == 1 and self.rank == 0:
            log_utils.log_train_step(
                args=self.args,
                loss_dict={"value_loss": 0.5, "value_clipfrac": 0.0},
                grad_norm=0.5,
                rollout_id=rollout_id,
                step_id=0,
                num_steps_per_rollout=2,
                role="critic",
                should_log=True,
            )

    def save(self, rollout_id):
        from miles.backends.training_utils import log_utils
        from miles.utils.timer import timer

        with timer("save_model"):
            self._print("save_checkpoint", "saving checkpoint", iteration=rollout_id)
            self._print("save_checkpoint", "successfully saved", iteration=rollout_id)
        if rollout_id == 1:
            self._print("save_checkpoint", "deleted checkpoint from iteration", iteration=0, iteration_to_delete=0)
        if self.rank == 0:
            log_utils.log_cpu_memory(rollout_id, self.args, "after_offload_train")

    def sleep(self):
        from miles.utils.timer import timer

        with timer("sleep"):
            self._memory("before offload model")

    def update_weights(self):
        from miles.utils.timer import timer
        from miles.utils.tracking_utils.structured_log import with_logs

        @with_logs
        @timer
        def update_weights(self):
            self._memory("before update_weights")
            time.sleep(0.2)

        update_weights(self)


def main():
    from miles.ray import placement_group
    from miles.utils.logging_utils import configure_logger_raw

    configure_logger_raw("main")
    ray.init(num_cpus=8, num_gpus=2, include_dashboard=False, logging_level="warning")
    args = Namespace(**ARGS)
    placement_group.create_placement_groups(args)
    # The reference's group holds the GPUs from here on; these actors have no use for them.
    manager = ray.remote(num_cpus=0)(RolloutManager).remote(options.miles, HERE)
    ray.get(manager.start.remote(options.save))
    actors = [
        ray.remote(num_cpus=0)(MegatronTrainRayActor).remote(
            options.miles, options.megatron, HERE, rank, 29611, options.save
        )
        for rank in range(2)
    ]
    every = lambda method, *arguments: ray.get([getattr(actor, method).remote(*arguments) for actor in actors])
    every("init")
    every("update_weights")
    ray.get(manager.evaluate.remote(0))
    for rollout_id in range(3):
        ray.get(manager.generate.remote(rollout_id, "zero" if rollout_id == 2 else "mixed"))
        every("train", rollout_id, {1: "nan", 2: "zero"}.get(rollout_id))
        every("save", rollout_id)
        every("sleep")
        every("update_weights")
        ray.get(manager.evaluate.remote(rollout_id, "busy" if rollout_id == 1 else None))
    ray.get(manager.retry.remote())
    ray.get(manager.unhealthy.remote())
    ray.get(manager.stop.remote())
    from statement import run_statement

    run_statement(
        f"{options.miles}/train.py",
        "train",
        "debug_exit_after_rollout=%d",
        dict(logger=logging.getLogger("train"), args=Namespace(debug_exit_after_rollout=3), rollout_id=2),
    )
    # Ray's log monitor writes every half second, and folded repeats after five.
    time.sleep(7)
    ray.shutdown()


main()
