"""Configurations near the recipe's: every flag that the reference knows, with values at and beyond their borders.

Nothing here knows a rule; the values come from the kind of the flag, from what the recipe sets, and from a list of
changes that belong together, so that the interesting rules are reached more often than by chance.
"""

import argparse
import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

from case import BASE_ARGV, BASE_CONFIG, GOLDEN, Case, grouped

HERE = Path(__file__).resolve().parent

INTEGERS = ("-1", "0", "1", "2", "3", "4", "8", "16", "27", "64", "128", "4096")
ODD_INTEGERS = ("2.0", "1e3", "x", "", "007", "1_000", " 5", "+4", "-0", "0x10", "99999999999")
FLOATS = ("-1", "-0.5", "0", "0.0", "1e-6", "0.5", "1", "1.5", "2", "100")
ODD_FLOATS = ("-1e-7", "nan", "inf", "-inf", "x", "", "1e", "1_0.5", ".5", "5.", "+1")
TEXTS = ("x", "", "none", "8", "/nonexistent/x", "{data}", "{ref}", "no.such.name", "a b", "True")
JSONS = ("{}", '{"a": 1}', "{bad", "[]", "null", "1", '"x"', "NaN", '{"a": "1"}')
CONFIG_VALUES = ("__delete__", None, -1, 2.5, 1.0, "x", True, False, [], {}, 65, 2048)
CONFIG_TREES = (
    ("rope_scaling", {"type": "yarn", "factor": 4.0, "rope_theta": 50000}),
    ("rope_scaling", {"type": "yarn", "rope_theta": 50000}),
    ("rope_scaling", {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 2048}),
    ("rope_scaling", {"rope_type": "linear"}),
    ("rope_scaling", {"rope_type": "nosuch", "rope_theta": 50000}),
    ("rope_parameters", {"rope_theta": 50000.0, "rope_type": "default"}),
    ("rope_parameters", {"rope_theta": 10000, "rope_type": "default"}),
    ("rope_parameters", {"rope_type": "llama3", "rope_theta": 50000}),
    ("rope_parameters", {"rope_type": "longrope", "rope_theta": 50000, "short_factor": [1.0], "long_factor": [1.0]}),
    ("rope_parameters", {"full_attention": {"rope_theta": 50000, "rope_type": "default"}}),
    ("text_config", {"model_type": "deepseek_v3", "hidden_size": 64}),
    ("quantization_config", {"quant_method": "fp8"}),
    ("layer_types", ["full_attention"] * 27),
    ("layer_types", ["x"]),
    ("eos_token_id", [1, 2.0]),
    ("torch_dtype", "x"),
    ("dtype", "float16"),
    ("model_type", "deepseek_v2"),
    ("model_type", "qwen3_moe"),
    ("model_type", "llama"),
    ("model_type", "deepseek_v32"),
    ("num_key_value_heads", None),
    ("qk_rope_head_dim", 65),
    ("num_labels", 3),
    ("id2label", {"0": "a"}),
    ("problem_type", "x"),
    ("output_attentions", True),
)
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
# What belongs together; a flag behind "!" is dropped.
TOGETHER: list[str] = json.loads((HERE / "together.json").read_text())


class Mutations:
    def __init__(self, parser: argparse.ArgumentParser, seed: int) -> None:
        self.random = random.Random(seed)
        # The engine's hundreds of flags meet no rule but the parser's, so few cases go to them.
        actions = [action for action in parser._actions if action.option_strings and action.dest != "help"]
        self.engine = [action for action in actions if "sglang" in action.option_strings[0]]
        self.own = [action for action in actions if "sglang" not in action.option_strings[0]]
        self.base = {group[0]: group[1:] for group in grouped(BASE_ARGV)}
        with gzip.open(GOLDEN / "recipe-cases.jsonl.gz", "rt") as lines:
            self.golden = [json.loads(line) for line in lines]
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
        kinds = (
            self.flag, self.own_flag, self.drop, self.together, self.config, self.surroundings, self.odd, self.recorded, self.yaml,
        )  # fmt: skip
        return self.random.choices(kinds, (8, 6, 3, 6, 2, 2, 1, 8, 2))[0](case)

    def recorded(self, case: Case) -> Case:
        """What a recorded configuration changed, so that changes whose rules are known meet others."""
        other = self.random.choice(self.golden)
        told = [f"recorded {other['id']}: {'; '.join(other['mutations'])}"]
        return replace(
            case,
            mutations=[*case.mutations, *told],
            set={**case.set, **other.get("set", {})},
            unset=[*case.unset, *other.get("unset", [])],
            append=[*case.append, *other.get("append", [])],
            hf_config={**case.hf_config, **other.get("hf_config", {})},
            env={**case.env, **other.get("env", {})},
            fs={
                **case.fs,
                **other.get("fs", {}),
                "files": {**case.fs["files"], **other.get("fs", {}).get("files", {})},
            },
        )

    def yaml(self, case: Case) -> Case:
        """A file that a flag names: attributes of the namespace, datasets of an evaluation, or no YAML at all."""
        if self.random.random() < 0.6:
            name, text = "own.yaml", self.attributes()
            flag = "--custom-config-path"
        else:
            name, text = "eval.yaml", self.datasets()
            flag = "--eval-config"
        case = replace(case, fs={**case.fs, "files": {**case.fs["files"], name: text}})
        return replace(self.with_flag(case, flag, f"{{data}}/{name}"), mutations=[*case.mutations, f"{flag} {text!r}"])

    def attributes(self) -> str:
        lines = []
        for _ in range(self.random.randrange(4)):
            action = self.random.choice(self.own)
            value = self.value(action)
            lines.append(f"{action.dest}: {json.dumps(True if value is None else value)}")
        return self.random.choice(("\n".join(lines), "\n".join(lines), "\n".join(lines), "- 1", "a: [", "3", "null"))

    def datasets(self) -> str:
        item = {"name": "a", "path": "/d/a.jsonl"}
        for key, value in self.random.sample(
            (
                ("rm_type", "math"), ("n_samples_per_eval_prompt", 4), ("temperature", 0.5), ("top_p", 1), ("top_k", -1),
                ("max_response_len", 64), ("label_key", "x"), ("nosuch", 1), ("name", None), ("path", None), ("stop", ["a"]),
            ),
            self.random.randrange(4),
        ):  # fmt: skip
            item[key] = value
        shapes = ([item], [item, item], {"a": item}, {"a": "/d/a.jsonl"}, [], None, "x", ["/d/a.jsonl"])
        tree = {"eval": {"defaults": self.random.choice(({}, {"temperature": 0.6}, None, [])), "datasets": self.random.choice(shapes)}}
        return json.dumps(self.random.choice((tree, tree, tree, {}, {"eval": None}, [tree], tree["eval"])))

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
        if self.random.random() < 0.3:
            key, value = self.random.choice(CONFIG_TREES)
            return replace(case, mutations=[*case.mutations, f"config {key}={value!r}"], hf_config={**case.hf_config, key: value})
        old = BASE_CONFIG.get(key)
        near = [old + 1, old * 2, str(old), float(old)] if isinstance(old, int | float) else []
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
        # SGLang fills some of its lists when it meets the hardware: here they are empty.
        choices = list(action.choices or ())
        if choices and self.random.random() < 0.9:
            return str(self.random.choice(choices))
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
