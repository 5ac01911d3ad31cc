"""Our torch_dist checkpoints against real torch, both ways, live.

    npm run interop -- torch-dist

Converts the bundled model, lets torch read every tensor of it, lets torch save it again cut into pieces by four processes, converts
that back and compares the file. Ends with "N passed, N failed".
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MODEL = ROOT / "packages/tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight"


def convert(workspace: pathlib.Path, *flags: str | pathlib.Path) -> None:
    program = ROOT / "packages/convert/bin/moonlight-convert.js"
    subprocess.run(["node", program, "--workspace", workspace, *flags], check=True)


def only(folder: pathlib.Path, pattern: str) -> pathlib.Path:
    [found] = folder.glob(pattern)
    return found


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        temporary = pathlib.Path(name)
        there, back = temporary / "there", temporary / "back"
        resaved = temporary / "resaved"

        def torch_reads_ours() -> None:
            convert(there, "--to", "torch_dist", "--model", MODEL)
            checkpoint = only(there / "store", "torch-dist-*")
            subprocess.run([sys.executable, HERE / "check.py", checkpoint, MODEL], check=True)

        def we_read_torchs() -> None:
            checkpoint = only(there / "store", "torch-dist-*")
            subprocess.run([sys.executable, HERE / "resave.py", checkpoint, resaved], check=True)
            convert(back, "--to", "hf", "--checkpoint", resaved, "--model", MODEL)
            convert(there, "--to", "hf", "--checkpoint", checkpoint, "--model", MODEL)
            # Both in the catalogue's order, so whole files are compared.
            [first, second] = [only(folder / "store", "hf-model-*") / "model.safetensors" for folder in (there, back)]
            assert first.read_bytes() == second.read_bytes(), "model.safetensors differs"

        failed = 0
        for check in (torch_reads_ours, we_read_torchs):
            try:
                check()
                print(f"ok    {check.__name__}")
            except (AssertionError, ValueError, subprocess.CalledProcessError) as error:
                failed += 1
                print(f"FAIL  {check.__name__}: {error}")
        print(f"{2 - failed} passed, {failed} failed")
        return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
