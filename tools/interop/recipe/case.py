"""A configuration in the format of `packages/miles/src/interop/reference-case.ts`, and the files that it speaks of."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[3] / "packages/miles/golden"
BASE_ARGV: list[str] = json.loads((GOLDEN / "recipe-base-argv.json").read_text())["argv"]
BASE_CONFIG: dict = json.loads((GOLDEN / "recipe-hf-config.json").read_text())
PLACES = ("hf", "ref", "save", "data")
ABSENT_CONFIG_KEY = "__delete__"


@dataclass
class Case:
    id: str
    mutations: list[str] = field(default_factory=list)
    set: dict[str, str | list[str] | None] = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)
    append: list[str] = field(default_factory=list)
    hf_config: dict = field(default_factory=dict)
    env: dict[str, str | None] = field(default_factory=dict)
    fs: dict = field(default_factory=lambda: {"save": "absent", "ref": "tracker:release", "files": {}})

    def record(self) -> dict:
        return asdict(self)

    def argv(self) -> list[str]:
        """What is unset goes, what is set replaces the last occurrence or comes at the end, raw tokens last."""
        groups = [group for group in grouped(BASE_ARGV) if group[0] not in self.unset]
        for flag, value in self.set.items():
            values = [] if value is None else [value] if isinstance(value, str) else value
            places = [place for place, group in enumerate(groups) if group[0] == flag]
            if not places:
                groups.append([flag, *values])
                continue
            groups[places[-1]] = [flag, *values]
            groups = [group for place, group in enumerate(groups) if place not in places[:-1]]
        return [token for group in groups for token in group] + self.append


def grouped(argv: list[str]) -> list[list[str]]:
    groups: list[list[str]] = []
    for token in argv:
        if token.startswith("--") or not groups:
            groups.append([token])
        else:
            groups[-1].append(token)
    return groups


def write_world(case: Case, folder: Path) -> list[str]:
    """Writes what is on the disk; the argv with real paths."""
    config = {**BASE_CONFIG, **case.hf_config}
    for place in ("hf", "data"):
        (folder / place).mkdir()
    kept = {key: value for key, value in config.items() if value != ABSENT_CONFIG_KEY}
    (folder / "hf/config.json").write_text(json.dumps(kept))
    for name, text in case.fs["files"].items():
        (folder / "data" / name).write_text(text)
    for place in ("save", "ref"):
        state = case.fs.get(place, "absent" if place == "save" else "tracker:release")
        if state != "absent":
            (folder / place).mkdir()
        if state.startswith("tracker:"):
            (folder / place / "latest_checkpointed_iteration.txt").write_text(state.removeprefix("tracker:"))
    return [real(token, folder) for token in case.argv()]


def real(text: str, folder: Path) -> str:
    for place in PLACES:
        text = text.replace(f"{{{place}}}", str(folder / place))
    return text


def symbolic(value, folder: Path):
    if isinstance(value, str):
        for place in PLACES:
            value = value.replace(str(folder / place), f"{{{place}}}")
        return value
    if isinstance(value, list | tuple):
        return [symbolic(item, folder) for item in value]
    return value
