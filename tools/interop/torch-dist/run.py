"""Our torch_dist checkpoints against real torch, real Megatron and the reference's converter, live, on CPU.

    npm run interop -- torch-dist [--miles DIR --megatron DIR]

Models: the bundled one, one of 27 layers, one with q-LoRA and one with tied embeddings. DIR are clones of radixark/miles and
radixark/Megatron-LM; without them the checks that need them are skipped. Ends with "N passed, N failed".
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CONVERT = ROOT / "packages/convert/bin/moonlight-convert.js"
TINY = ROOT / "packages/tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight"
VARIANTS = ("plain", "q-lora", "tied")
LOADED_AT = ("world=1", "world=2,tp=2", "world=2,pp=2", "world=4,tp=2,ep=4,etp=1", "world=8,tp=2,pp=2,ep=2")
SAVED_AT = (
    ("plain", "world=2,tp=2"),
    ("plain", "world=2,ep=2", "--fully-parallel"),
    ("plain", "world=2,pp=2"),
    ("plain", "world=4,tp=2,pp=2,ep=2,etp=1", "--fully-parallel"),
    ("q-lora", "world=4,tp=2,ep=2"),
    ("tied", "world=4,tp=2,ep=4,etp=1", "--fully-parallel"),
    ("plain", "world=2", "--optimizer=dp_reshardable"),
    ("plain", "world=4,tp=2,ep=2", "--fully-parallel", "--optimizer=dp_reshardable"),
    ("plain", "world=4,tp=2,pp=2,ep=2,etp=1", "--fully-parallel", "--optimizer=fully_reshardable"),
)
CHECK_SECONDS = 900


def run(*command: str | pathlib.Path, **env: str) -> None:
    environment = os.environ | env
    subprocess.run(command, check=True, timeout=CHECK_SECONDS, stdin=subprocess.DEVNULL, env=environment)


def convert(workspace: pathlib.Path, *flags: str | pathlib.Path, **env: str) -> pathlib.Path:
    """Returns the folder of the artifact, the only one of its workspace."""
    run("node", CONVERT, "--workspace", workspace, *flags, **env)
    kind = "hf-model" if "hf" in flags else "torch-dist"
    [found] = (workspace / "store").glob(f"{kind}-*")
    return found


def optimizer_tensors(checkpoint: pathlib.Path) -> int:
    told = subprocess.run(
        ["node", CONVERT, "inspect", "--json", checkpoint], check=True, timeout=CHECK_SECONDS, stdout=subprocess.PIPE
    )
    # The last line is the summary.
    tensors = json.loads(told.stdout.splitlines()[-1])["output"]["tensors"]
    return sum("optimizer." in tensor["name"] for tensor in tensors)


def main() -> int:
    parser = argparse.ArgumentParser()
    for flag in ("--miles", "--megatron"):
        parser.add_argument(flag, type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        temporary = pathlib.Path(name)
        python = pathlib.Path(sys.executable)
        reference = ["--miles", options.miles, "--megatron", options.megatron]
        models = {"tiny": TINY} | {variant: temporary / variant for variant in VARIANTS}
        for variant in VARIANTS:
            run("node", HERE / "make-model.mjs", models[variant], variant)
        ours = {
            model: convert(temporary / f"ours-{model}", "--to", "torch_dist", "--model", folder)
            for model, folder in models.items()
        }

        def equal_after(checkpoint: pathlib.Path, model: str, label: str) -> None:
            """Both in the catalogue's order, so whole files are compared."""
            found = convert(temporary / f"back-{label}", "--to", "hf", "--checkpoint", checkpoint, "--model", models[model])
            want = convert(temporary / f"want-{label}", "--to", "hf", "--checkpoint", ours[model], "--model", models[model])
            files = [folder / "model.safetensors" for folder in (found, want)]
            assert files[0].read_bytes() == files[1].read_bytes(), "model.safetensors differs"

        def we_read_torchs() -> None:
            run(python, HERE / "resave.py", ours["tiny"], temporary / "resaved")
            equal_after(temporary / "resaved", "tiny", "torch")

        def we_read_megatrons(model: str, layout: str, *flags: str) -> None:
            label = "-".join((model, layout, *flags))
            out = temporary / f"megatron-{label}"
            run(python, HERE / "save_with_megatron.py", *reference, "--layout", layout, *flags, models[model], out)
            with_optimizer = any(flag.startswith("--optimizer") for flag in flags)
            assert (optimizer_tensors(out) > 0) == with_optimizer, "the optimizer's tensors are not what was asked for"
            run("node", CONVERT, "verify", out, "--model", models[model])
            equal_after(out, model, label)

        def megatron_loads_ours(model: str) -> None:
            layouts = [part for layout in LOADED_AT for part in ("--layout", layout)]
            run(python, HERE / "load_with_megatron.py", *reference, *layouts, ours[model], models[model])

        def our_backend_runs_theirs() -> None:
            """`--backend megatron` with the reference's real tool; it compares the outcome itself."""
            convert(
                temporary / "theirs", "--to", "hf", "--checkpoint", ours["tiny"], "--model", TINY,
                "--backend", "megatron", "--python", python, *reference, PYTHONPATH=str(HERE / "stand_ins"),
            )

        checks: list[tuple[str, bool, Callable[[], None]]] = []
        for model, folder in models.items():
            pair = (ours[model], folder)
            checks += [
                (f"torch reads our {model}", False, lambda pair=pair: run(python, HERE / "check.py", *pair)),
                (f"Megatron loads our {model}", True, lambda model=model: megatron_loads_ours(model)),
                (
                    f"the reference's converter reads our {model}",
                    True,
                    lambda pair=pair: run(python, HERE / "back_with_miles.py", *reference, *pair),
                ),
            ]
        checks.append(("our --backend megatron runs the reference's converter", True, our_backend_runs_theirs))
        checks.append(("we read what torch saved", False, we_read_torchs))
        for saved in SAVED_AT:
            title = f"we read what Megatron saved: {' '.join(saved)}"
            checks.append((title, True, lambda saved=saved: we_read_megatrons(*saved)))

        passed = failed = 0
        for title, needs_reference, check in checks:
            if needs_reference and None in (options.miles, options.megatron):
                print(f"skip  {title}: needs --miles DIR and --megatron DIR", flush=True)
                continue
            try:
                check()
                passed += 1
                print(f"ok    {title}", flush=True)
            except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"FAIL  {title}: {error}", flush=True)
        print(f"{passed} passed, {failed} failed")
        return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
