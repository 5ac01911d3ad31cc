"""Runs the reference's own parser and validators on one configuration, in a process of its own.

`Reference` imports everything once; `judge` forks, replays the order of the driver and of the trainer's actors, and
returns what was said: outcome, stage, where it was raised, and on acceptance the values that were resolved.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from types import SimpleNamespace

from case import Case, symbolic, write_world
from stand_ins import functions, install

JUDGE_SECONDS = 120


class Reference:
    def __init__(self, miles: Path, megatron_lm: Path, sglang: Path, names: list[str]) -> None:
        self.roots = [miles, megatron_lm]
        self.names = names
        sys.path[:0] = [str(miles), str(megatron_lm)]
        install(sglang)
        import torch

        torch.compile = lambda function=None, **_: function if function else lambda inner: inner
        from miles.utils import arguments
        from miles.backends.megatron_utils import arguments as backend

        self.torch, self.arguments, self.backend = torch, arguments, backend
        self.stage = ""
        for module, name, before, after in (
            (arguments, "parse_args_train_backend", "argparse", "argparse"),
            (backend, "parse_args", "argparse", "miles"),
            (arguments, "load_hf_config", "hf", "hf"),
            (arguments, "hf_validate_args", "hf", "miles"),
            (backend, "set_default_megatron_args", "miles", "miles"),
            (arguments, "miles_validate_args", "miles", "miles"),
            (backend, "validate_args", "megatron", "miles"),
        ):
            self.label(module, name, before, after)
        self.parsers = self.prebuilt()
        import megatron.core.models.gpt.gpt_layer_specs
        import megatron.core.num_microbatches_calculator
        import megatron.core.optimizer.optimizer_config
        import megatron.core.optimizer_param_scheduler
        import megatron.core.parallel_state
        import torch.testing._internal.distributed.fake_pg  # noqa: F401
        from miles.utils.hf_config import register_hf_config_aliases
        from transformers import DeepseekV3Config  # noqa: F401

        register_hf_config_aliases()
        # That file's own imports want a GPU.
        name, scope = "get_optimizer_param_scheduler", vars(megatron.core.optimizer_param_scheduler)
        self.scheduler = functions(miles / "miles/backends/megatron_utils/model.py", (name,), scope)[name]

    def prebuilt(self) -> dict:
        """Both parsers, made once: making them takes far longer than using them."""
        from megatron.training import arguments as megatron

        provider = self.arguments.get_miles_extra_args_provider()
        first = argparse.ArgumentParser()
        provider(first)
        full = argparse.ArgumentParser(allow_abbrev=False)
        provider(megatron.add_megatron_arguments(full))
        self.megatron_arguments = megatron
        return {"first": first, "full": full}

    def use_prebuilt(self) -> None:
        """In place of parsers that would come out the same; one switch of the environment adds flags."""
        if self.arguments.enable_experimental_rollout_refactor():
            return
        self.arguments.get_miles_extra_args_provider = lambda *_: lambda parser: parser
        self.arguments.argparse = SimpleNamespace(ArgumentParser=lambda **_: self.parsers["first"], Namespace=argparse.Namespace)
        self.megatron_arguments.add_megatron_arguments = lambda parser: parser
        self.megatron_arguments.argparse = SimpleNamespace(ArgumentParser=lambda **_: self.parsers["full"], Namespace=argparse.Namespace)

    def label(self, module, name: str, before: str, after: str) -> None:
        inner = getattr(module, name)

        def labelled(*args, **kwargs):
            outer, self.stage = self.stage, before
            result = inner(*args, **kwargs)
            # Called again from a later stage, it leaves that stage as it was.
            self.stage = after if outer in ("argparse", before) else outer
            return result

        setattr(module, name, labelled)

    def judge(self, case: Case) -> dict:
        """What is said of the case; a process of its own, because the reference keeps state in modules."""
        folder = Path(tempfile.mkdtemp(prefix="case-"))
        try:
            argv = write_world(case, folder)
            read, write = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(read)
                self.judge_here(case, argv, folder, write)
            os.close(write)
            with open(read) as pipe:
                text = pipe.read()
            os.waitpid(child, 0)
            return json.loads(text)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def judge_here(self, case: Case, argv: list[str], folder: Path, write: int) -> None:
        """Never returns."""
        import signal

        signal.alarm(JUDGE_SECONDS)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            verdict = self.verdict(case, argv, folder)
        except BaseException:
            verdict = {"outcome": "broken", "message": traceback.format_exc()}
        with open(write, "w") as pipe:
            json.dump(verdict, pipe)
        os._exit(0)

    def verdict(self, case: Case, argv: list[str], folder: Path) -> dict:
        capability = os.environ.pop("ORACLE_DEVICE_CC", None)
        for name in ("CUDA_DEVICE_MAX_CONNECTIONS", "MILES_BACKEND", "ORACLE_DEVICE_CC"):
            os.environ.pop(name, None)
        os.environ["CUDA_DEVICE_MAX_CONNECTIONS"] = "1"
        for name, value in case.env.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        capability = os.environ.pop("ORACLE_DEVICE_CC", "9.0")
        self.fake_device(capability)
        self.use_prebuilt()
        sys.argv = ["train.py", *argv]
        os.chdir(folder)
        self.stage = "argparse"
        try:
            args = self.arguments.parse_args()
            self.stage = "miles"
            if args.fully_async:
                raise Recheck("train.py:23")
            resolved = {name: plain(symbolic(getattr(args, name, None), folder)) for name in self.names}
            # A member of an enumeration of SGLang's, which is stood in for.
            resolved = {name: value for name, value in resolved.items() if "<StandIn" not in str(value)}
            if not args.debug_rollout_only:
                self.trainer(args)
        except SystemExit as error:
            if self.stage == "argparse" and error.code == 0:
                return {"outcome": "reject", "stage": "argparse", "raised_at": None, "message": "help"}
            return {"outcome": "reject", "stage": self.stage, "raised_at": None, "message": str(error)}
        except BaseException as error:
            return {
                "outcome": "reject",
                "stage": self.stage,
                "raised_at": self.place(error),
                "error_type": type(error).__name__,
                "message": symbolic(str(error), folder)[:300],
            }
        return {"outcome": "accept", "resolved": resolved}

    def trainer(self, args) -> None:
        """The order of every process of the trainer, up to the model itself."""
        from megatron.core import parallel_state
        from megatron.core.num_microbatches_calculator import init_num_microbatches_calculator

        fake = self.torch.testing._internal.distributed.fake_pg
        self.stage = "init"
        distributed = self.torch.distributed
        distributed.init_process_group("fake", rank=0, world_size=args.world_size, store=fake.FakeStore())
        parallel_state.initialize_model_parallel(
            args.tensor_model_parallel_size,
            args.pipeline_model_parallel_size,
            args.virtual_pipeline_model_parallel_size,
            pipeline_model_parallel_comm_backend=args.pipeline_model_parallel_comm_backend,
            context_parallel_size=args.context_parallel_size,
            hierarchical_context_parallel_sizes=args.hierarchical_context_parallel_sizes,
            expert_model_parallel_size=args.expert_model_parallel_size,
            num_distributed_optimizer_instances=args.num_distributed_optimizer_instances,
            expert_tensor_parallel_size=args.expert_tensor_parallel_size,
            distributed_timeout_minutes=args.distributed_timeout_minutes,
            nccl_communicator_config_path=args.nccl_communicator_config_path,
            order="tp-cp-ep-pp-dp" if args.use_tp_pp_dp_mapping else "tp-cp-ep-dp-pp",
            create_gloo_process_groups=False,
        )
        init_num_microbatches_calculator(
            args.rank,
            args.rampup_batch_size,
            args.global_batch_size,
            args.micro_batch_size,
            args.data_parallel_size,
            args.decrease_batch_size_if_needed,
        )
        self.stage = "config"
        self.require(not args.moe_use_upcycling, 143)
        self.require(args.load is not None or args.pretrained_checkpoint is not None, 144)
        if args.megatron_to_hf_mode != "bridge":
            self.model(args)
        if not args.debug_disable_optimizer:
            self.optimizer(args)

    def model(self, args) -> None:
        from megatron.core.models.gpt.gpt_layer_specs import get_gpt_decoder_block_spec, get_gpt_mtp_block_spec

        config = self.torch_free_config(args)
        stages = range(args.virtual_pipeline_model_parallel_size or 0) or (None,)
        for stage in stages:
            kwargs = {"use_transformer_engine": args.transformer_impl == "transformer_engine"}
            if stage is not None:
                kwargs["vp_stage"] = stage
            spec = get_gpt_decoder_block_spec(config, **kwargs)
            if args.mtp_num_layers:
                get_gpt_mtp_block_spec(config, spec, **kwargs)
        if config.num_moe_experts and config.moe_token_dispatcher_type == "flex":
            alone = config.tensor_model_parallel_size * config.expert_model_parallel_size
            if args.expert_tensor_parallel_size * config.expert_model_parallel_size <= 1:
                raise Recheck("megatron/core/transformer/moe/token_dispatcher.py:1354", alone)

    def torch_free_config(self, args):
        from megatron.training.arguments import core_transformer_config_from_args

        return core_transformer_config_from_args(args)

    def optimizer(self, args) -> None:
        from megatron.core.optimizer.optimizer_config import OptimizerConfig

        OptimizerConfig(
            **{
                field.name: getattr(args, field.name)
                for field in dataclasses.fields(OptimizerConfig)
                if hasattr(args, field.name)
            }
        )
        if args.num_rollout is None:
            args.num_rollout = 1

        class Optimizer:
            param_groups = [{"default_config": True}]

        self.scheduler(args, Optimizer())

    def require(self, condition: bool, line: int) -> None:
        if not condition:
            raise Recheck(f"miles/backends/megatron_utils/model.py:{line}")

    def fake_device(self, capability: str) -> None:
        major, minor = (int(part) for part in capability.split("."))
        properties = type("Properties", (), {"major": major, "minor": minor, "name": "NVIDIA H200", "total_memory": 141 << 30, "multi_processor_count": 132})
        cuda = self.torch.cuda
        cuda.get_device_capability = lambda *_args, **_kwargs: (major, minor)
        cuda.get_device_properties = lambda *_args, **_kwargs: properties

    def place(self, error: BaseException) -> str:
        if isinstance(error, Recheck):
            return error.place
        frame = traceback.extract_tb(error.__traceback__)[-1]
        name = frame.filename
        for root in self.roots:
            with contextlib.suppress(ValueError):
                name = str(Path(frame.filename).relative_to(root))
        return f"{name}:{frame.lineno}"


class Recheck(Exception):
    """A condition of the reference that stands among code for GPUs, asked for here."""

    def __init__(self, place: str, *details) -> None:
        super().__init__(*details)
        self.place = place


def plain(value):
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)
