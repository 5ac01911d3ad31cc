"""Configurations near the recipe's: every flag that the reference knows, with values at and beyond their borders.

Nothing here knows a rule; the values come from the kind of the flag, from what the recipe sets, and from a list of
changes that belong together, so that the interesting rules are reached more often than by chance.
"""

import argparse
import random
from dataclasses import replace

from case import BASE_ARGV, BASE_CONFIG, Case, grouped

INTEGERS = ("-1", "0", "1", "2", "3", "4", "8", "16", "27", "64", "128", "4096")
ODD_INTEGERS = ("2.0", "1e3", "x", "", "007", "1_000", " 5", "+4", "-0", "0x10", "99999999999")
FLOATS = ("-1", "-0.5", "0", "0.0", "1e-6", "0.5", "1", "1.5", "2", "100")
ODD_FLOATS = ("-1e-7", "nan", "inf", "-inf", "x", "", "1e", "1_0.5", ".5", "5.", "+1")
TEXTS = ("x", "", "none", "8", "/nonexistent/x", "{data}", "{ref}", "no.such.name", "a b", "True")
JSONS = ("{}", '{"a": 1}', "{bad", "[]", "null", "1", '"x"', "NaN", '{"a": "1"}')
CONFIG_VALUES = ("__delete__", None, -1, 2.5, "x", True, False, [], {}, 65, 2048)
ENVIRONMENT = (
    {"CUDA_DEVICE_MAX_CONNECTIONS": None},
    {"CUDA_DEVICE_MAX_CONNECTIONS": "8"},
    {"CUDA_DEVICE_MAX_CONNECTIONS": "32"},
    {"ORACLE_DEVICE_CC": "10.0"},
    {"ORACLE_DEVICE_CC": "8.0"},
    {"ORACLE_DEVICE_CC": "7.5"},
    {"DEPRECATED_MEGATRON_COMPATIBLE": "1"},
    {"MILES_EXPERIMENTAL_ROLLOUT_REFACTOR": "1"},
    {"MILES_EXPERIMENTAL_FT_TRAINER": "1"},
    {"MILES_BACKEND": "megatron"},
)
STATES = ("absent", "empty", "tracker:19", "tracker:release", "tracker:x", "tracker:")
TOGETHER = (
    "--pipeline-model-parallel-size 2 --expert-model-parallel-size 4 --decoder-last-pipeline-num-layers 13",
    "--pipeline-model-parallel-size 3 --actor-num-nodes 3",
    "--pipeline-model-parallel-size 9 --actor-num-nodes 9",
    "--pipeline-model-parallel-size 4 --tensor-model-parallel-size 2 --expert-model-parallel-size 2",
    "--pipeline-model-parallel-size 2 --expert-model-parallel-size 4 --pipeline-model-parallel-layout Et*13|t*14L",
    "--pipeline-model-parallel-size 3 --actor-num-nodes 3 --num-layers-per-virtual-pipeline-stage 3",
    "--pipeline-model-parallel-size 3 --actor-num-nodes 3 --num-virtual-stages-per-pipeline-rank 3",
    "--context-parallel-size 2 --actor-num-nodes 2",
    "--context-parallel-size 2 --tensor-model-parallel-size 2",
    "--tensor-model-parallel-size 1 --expert-model-parallel-size 1",
    "--tensor-model-parallel-size 8 --expert-model-parallel-size 2",
    "--expert-tensor-parallel-size 2 --expert-model-parallel-size 4",
    "--actor-num-gpus-per-node 4 --expert-model-parallel-size 4",
    "--actor-num-nodes 2",
    "!--colocate --rollout-num-gpus 8",
    "!--colocate",
    "!--optimizer-cpu-offload !--overlap-cpu-optimizer-d2h-h2d !--use-precision-aware-optimizer",
    "!--optimizer-cpu-offload !--overlap-cpu-optimizer-d2h-h2d",
    "!--recompute-granularity !--recompute-method !--recompute-num-layers",
    "!--recompute-method !--recompute-num-layers --recompute-granularity selective",
    "!--moe-enable-deepep --moe-token-dispatcher-type alltoall",
    "!--moe-enable-deepep --moe-token-dispatcher-type allgather",
    "!--moe-enable-deepep --moe-token-dispatcher-type flex",
    "!--num-steps-per-rollout",
    "!--num-rollout --num-epoch 2",
    "!--use-dynamic-batch-size !--max-tokens-per-gpu",
    "!--use-kl-loss !--ref-load",
    "!--load",
    "!--save !--save-interval",
    "!--eval-interval !--eval-prompt-data",
    "!--num-experts !--moe-ffn-hidden-size --expert-model-parallel-size 1",
    "!--multi-latent-attention --rope-type rope",
    "--advantage-estimator ppo",
    "--use-critic",
    "--megatron-to-hf-mode bridge",
    "--lora-rank 8 --target-modules all-linear --megatron-to-hf-mode bridge",
    "--multi-lora-n-adapters 2 --lora-rank 8 --target-modules all-linear --megatron-to-hf-mode bridge !--colocate --rollout-num-gpus 8 --no-offload-train",
    "--use-fault-tolerance --ft-components train",
    "--debug-rollout-only",
    "--debug-train-only",
    "--fp16",
    "--fp8-format hybrid",
    "--fp8-format e4m3 --fp8-recipe blockwise",
    "--optimizer muon !--optimizer-cpu-offload !--overlap-cpu-optimizer-d2h-h2d !--use-precision-aware-optimizer",
    "--offload-train-target disk",
    "--stream-optimizer-state-to-disk --offload-train-target disk !--optimizer-cpu-offload !--overlap-cpu-optimizer-d2h-h2d !--use-precision-aware-optimizer",
    "--rematerialize-param-from-master-weight",
    "--use-opd --opd-type sglang",
    "--use-opd --opd-type megatron --opd-teacher-load {ref}",
    "--use-session-server v2",
    "--fully-async !--colocate --rollout-num-gpus 8",
    "--eval-num-gpus 8 --eval-num-gpus-per-engine 8 !--colocate --rollout-num-gpus 8",
    "--mtp-num-layers 1",
    "--mtp-num-layers 1 --enable-mtp-training",
    "--transformer-impl local",
    "--true-on-policy-mode",
    "--overlap-moe-expert-parallel-comm !--recompute-granularity !--recompute-method !--recompute-num-layers",
    "--cuda-graph-impl local",
    "--cuda-graph-impl transformer_engine",
    "--update-weight-transfer-mode p2p !--colocate --rollout-num-gpus 8",
    "--update-weight-transfer-mode disk-delta !--colocate --rollout-num-gpus 8 --update-weight-disk-dir /tmp/a",
)


class Mutations:
    def __init__(self, parser: argparse.ArgumentParser, seed: int) -> None:
        self.random = random.Random(seed)
        # The engine's hundreds of flags meet no rule but the parser's, so few cases go to them.
        actions = [action for action in parser._actions if action.option_strings and action.dest != "help"]
        self.engine = [action for action in actions if "sglang" in action.option_strings[0]]
        self.own = [action for action in actions if "sglang" not in action.option_strings[0]]
        self.base = {group[0]: group[1:] for group in grouped(BASE_ARGV)}
        self.spellings = [name for action in actions for name in action.option_strings]

    def cases(self, count: int) -> list[Case]:
        return [self.case(place) for place in range(count)]

    def case(self, place: int) -> Case:
        case = Case(f"live-{place}")
        many = self.random.choices((1, 2, 3, 4), (5, 5, 3, 1))[0]
        for _ in range(many):
            case = self.mutate(case)
        return case

    def mutate(self, case: Case) -> Case:
        kinds = (self.flag, self.own_flag, self.drop, self.together, self.config, self.surroundings, self.odd)
        return self.random.choices(kinds, (8, 6, 3, 6, 2, 2, 1))[0](case)

    def flag(self, case: Case) -> Case:
        action = self.random.choice(self.engine if self.random.random() < 0.04 else self.own)
        return self.with_flag(case, self.random.choice(action.option_strings), self.value(action))

    def own_flag(self, case: Case) -> Case:
        """One that the recipe sets."""
        known = [action for action in self.own if set(action.option_strings) & self.base.keys()]
        action = self.random.choice(known)
        name = next(name for name in action.option_strings if name in self.base)
        return self.with_flag(case, name, self.value(action, self.base[name]))

    def with_flag(self, case: Case, name: str, value) -> Case:
        told = name if value is None else f"{name}={value}"
        return replace(case, mutations=[*case.mutations, told], set={**case.set, name: value})

    def drop(self, case: Case) -> Case:
        name = self.random.choice(list(self.base))
        return replace(case, mutations=[*case.mutations, f"drop {name}"], unset=[*case.unset, name])

    def together(self, case: Case) -> Case:
        text = self.random.choice(TOGETHER)
        changed = replace(case, mutations=[*case.mutations, text], set=dict(case.set), unset=list(case.unset))
        words = text.split()
        for place, word in enumerate(words):
            if word.startswith("!"):
                changed.unset.append(word[1:])
            elif word.startswith("--"):
                values = []
                for follower in words[place + 1 :]:
                    if follower.startswith(("--", "!")):
                        break
                    values.append(follower)
                changed.set[word] = None if not values else values[0] if len(values) == 1 else values
        return changed

    def config(self, case: Case) -> Case:
        key = self.random.choice([*BASE_CONFIG, "text_config", "q_lora_rank", "rope_parameters", "norm_epsilon", "x"])
        old = BASE_CONFIG.get(key)
        # Not 27.0: what JSON calls a number is one kind on this side of the comparison.
        near = [old + 1, old * 2, str(old)] if isinstance(old, int | float) else []
        value = self.random.choice([*CONFIG_VALUES, *near])
        told = f"config {key}={value!r}"
        return replace(case, mutations=[*case.mutations, told], hf_config={**case.hf_config, key: value})

    def surroundings(self, case: Case) -> Case:
        if self.random.random() < 0.5:
            env = self.random.choice(ENVIRONMENT)
            return replace(case, mutations=[*case.mutations, f"env {env}"], env={**case.env, **env})
        place, state = self.random.choice(("save", "ref")), self.random.choice(STATES)
        return replace(case, mutations=[*case.mutations, f"{place} {state}"], fs={**case.fs, place: state})

    def odd(self, case: Case) -> Case:
        """What argparse makes of it: joined values, repeated flags, beginnings of flags, strays, misspellings."""
        action = self.random.choice(self.own)
        name = self.random.choice(action.option_strings)
        value = self.value(action)
        values = [] if value is None else [value] if isinstance(value, str) else value
        beginning = name[: self.random.randrange(3, len(name) + 1)]
        tokens = self.random.choice(
            (
                [f"{name}={values[0] if values else 'x'}"],
                [name, *values, name, *values],
                [beginning, *values],
                [f"{beginning}={values[0] if values else '1'}"],
                ["stray"],
                [f"{name}s", *values],
                ["--", *values],
                ["-1"],
                [name, *values, "--"],
                [name.replace("-", "_"), *values],
            )
        )
        return replace(case, mutations=[*case.mutations, f"append {' '.join(tokens)}"], append=[*case.append, *tokens])

    def value(self, action: argparse.Action, old: list[str] | None = None):
        """None is the bare flag."""
        if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
            return None if self.random.random() < 0.95 else self.random.choice(("true", "1"))
        if self.random.random() < 0.03:
            return None
        if action.nargs in (None, "?"):
            return self.one(action, old)
        most = action.nargs if isinstance(action.nargs, int) else self.random.choice((0, 1, 1, 2, 2, 3))
        if isinstance(action.nargs, int) and self.random.random() < 0.2:
            most += self.random.choice((-1, 1))
        return [self.one(action, old) for _ in range(most)]

    def one(self, action: argparse.Action, old: list[str] | None) -> str:
        kind = getattr(action.type, "__name__", "str") if action.type else "str"
        if action.choices and self.random.random() < 0.9:
            return str(self.random.choice(list(action.choices)))
        if kind == "int":
            few = any(word in action.dest for word in ("num_nodes", "gpus_per_node"))
            if few:
                return self.random.choice(("0", "1", "2", "3", "4", "5", "8", "-1"))
            near = [int(old[0]) + 1, int(old[0]) - 1, int(old[0]) * 2, int(old[0]) // 2] if old else []
            if isinstance(action.default, int) and not near:
                near = [action.default + 1, action.default - 1, action.default]
            odd = ODD_INTEGERS if self.random.random() < 0.1 else ()
            return str(self.random.choice(odd or [*INTEGERS, *map(str, near), *map(str, near)]))
        if kind == "float":
            near = [float(old[0]) * 2, float(old[0]) / 2, -float(old[0])] if old else []
            return str(self.random.choice([*FLOATS, *map(str, near), *(ODD_FLOATS if self.random.random() < 0.2 else ())]))
        if kind == "loads":
            return self.random.choice(JSONS)
        if kind == "str" and action.default not in (None, "", argparse.SUPPRESS) and self.random.random() < 0.2:
            return str(action.default)
        return self.random.choice((*TEXTS, "1", "2", "[0]*27", "[0]+[1]*26", "(1,2)", "1,2", "flash", "full"))
