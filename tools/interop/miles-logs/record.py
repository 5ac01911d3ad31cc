"""
Records what the reference's own logging functions write, on a CPU: the golden logs of `packages/miles`.

    python record.py --miles DIR --megatron DIR [--out DIR]

Needs Python 3.11 with requirements.txt. Paths, host names and addresses of this machine are replaced; nothing else is.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FAULTS = ["user_code", "disk_full", "killed", "host_memory", "interrupted", "engine_dead", "settings"]


def run(script, *arguments):
    """What a driver and its workers print, both streams in the order in which they come."""
    done = subprocess.run(
        [sys.executable, HERE / script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "RAY_AUTH_MODE": "disabled", "PYTHONUNBUFFERED": "1", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"},
        timeout=300,
    )
    return done.stdout


def cleaned(output, replacements):
    text = output.decode()
    for old, new in replacements:
        text = text.replace(old, new)
    text = re.sub(r"/\S*?/site-packages/", "/usr/lib/python3/site-packages/", text)
    text = re.sub(r"/\S*?/lib/python3\.\d+/", "/usr/lib/python3/", text)
    text = re.sub(r"/tmp/ray/session_\S*", "/tmp/ray/session", text)
    # Ray lists the machine's largest processes when it kills one for lack of memory: other people's commands.
    text = re.sub(r"^(\d+\t[\d.]+\t)(?!ray::).*$", r"\1python3 train.py", text, flags=re.MULTILINE)
    # What the stubs lack is no part of a run.
    lines = [line for line in text.split("\n") if "WARNING:miles_plugins" not in line and "deep_ep is not" not in line]
    return "\n".join(lines)


def record(miles, megatron, out):
    """Writes the logs into `out` and the dashboard's files beside it."""
    miles, megatron = str(Path(miles).resolve()), str(Path(megatron).resolve())
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    own = subprocess.run(
        [sys.executable, "-c", "import ray; print(ray.util.get_node_ip_address())"], capture_output=True, text=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as save:
        replacements = [
            (save, "/root/save"),
            (miles, "/root/miles"),
            (megatron, "/root/Megatron-LM"),
            (str(HERE), "/root/record"),
            (sys.prefix, "/usr"),
            (sys.base_prefix, "/usr"),
            (own, "10.0.0.1"),
            (socket.gethostname(), "node-1"),
        ]
        output = run("run_part.py", "--miles", miles, "--megatron", megatron, "--save", save)
        (out / "run.txt").write_text(cleaned(output, replacements))
        for case in FAULTS:
            output = run("fault_part.py", "--miles", miles, "--case", case)
            (out / f"fault-{case.replace('_', '-')}.txt").write_text(cleaned(output, replacements))
            print(f"recorded {case}: {len(output)} bytes", file=sys.stderr)
    dashboard = out.parent / "dashboard"
    shutil.rmtree(dashboard, ignore_errors=True)
    subprocess.run(
        [sys.executable, HERE / "dashboard_part.py", "--miles", miles, "--out", dashboard],
        stdout=sys.stderr,
        check=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--miles", required=True)
    parser.add_argument("--megatron", required=True)
    parser.add_argument("--out", default=str(HERE.parents[2] / "packages/miles/golden/logs"))
    options = parser.parse_args()
    record(options.miles, options.megatron, options.out)


if __name__ == "__main__":
    main()
