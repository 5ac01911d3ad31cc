"""Rendered launch scripts and Ray Jobs requests on a real Ray of this machine.

    npm run interop -- launch

miles' train.py is a stand-in that writes down its arguments and does as it is told; Ray is real. Ends with "N passed, N failed".
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CLI = ROOT / "packages/rollout-config/bin/moonlight-rollout-config.js"
BIN = pathlib.Path(sys.executable).parent
TRAIN = """
import json, os, pathlib, sys, time
import ray
here = pathlib.Path(__file__).parent
ray.init(address="auto", log_to_driver=False)
seen = {"argv": sys.argv[1:], "env": dict(os.environ), "gpus": ray.cluster_resources().get("GPU")}
(here / "seen.json").write_text(json.dumps(seen))
mode = (here / "mode").read_text().strip()
print("stand-in:", mode, flush=True)
if mode == "fail":
    sys.exit(7)
if mode == "hang":
    time.sleep(600)
if mode == "train":
    save = pathlib.Path(sys.argv[sys.argv.index("--save") + 1])
    save.mkdir(exist_ok=True)
    (save / "latest_checkpointed_iteration.txt").write_text("19")
"""
passed = failed = 0


def check(name: str, good: bool, detail: object = "") -> None:
    global passed, failed
    passed, failed = passed + good, failed + (not good)
    print(f"{'ok  ' if good else 'FAIL'} {name}" + ("" if good else f": {detail}"), flush=True)


def free_port() -> int:
    """One that Ray does not use itself."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port > 20000:
            return port


def processes(text: str) -> list[str]:
    """Command lines that hold the text, without this process's."""
    listing = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout
    return [
        line
        for line in listing.splitlines()
        if text in line and str(os.getpid()) != line.split()[0] and "ps -eo" not in line
    ]


class Place:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.ports = [free_port(), free_port()]
        (folder / "miles").mkdir()
        (folder / "miles/train.py").write_text(TRAIN)
        (folder / "bin").mkdir()
        tool = folder / "bin/nvidia-smi"
        tool.write_text("#!/bin/sh\nfor i in 0 1 2 3 4 5 6 7; do echo \"GPU $i: stand-in NV18\"; done\n")
        tool.chmod(0o755)

    def mode(self, name: str) -> None:
        (self.folder / "miles/mode").write_text(name)
        (self.folder / "miles/seen.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "save", ignore_errors=True)
        if name != "train":
            (self.folder / "save").mkdir()

    def seen(self) -> dict:
        return json.loads((self.folder / "miles/seen.json").read_text())

    def render(self, form: str) -> str:
        ray, dashboard = self.ports
        fields = [
            f"launch.milesPath={self.folder}/miles",
            f"launch.python={sys.executable}",
            f"launch.rayPort={ray}",
            f"launch.dashboardPort={dashboard}",
            f"checkpoint.save={self.folder}/save",
            "runtime.env={ODD: \"it's {a} %s #\"}",
        ]
        command = ["node", CLI, "--profile", "moonlight-16b-a3b", "--root", "/root", "--render", form]
        command += [part for field in fields for part in ("--set", field)]
        command += ["--workspace", self.folder / "workspace"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def start(self, **env: str) -> subprocess.Popen:
        script = self.folder / "train.sh"
        script.write_text(self.render("script"))
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
        log = open(self.folder / "out.log", "w")
        return subprocess.Popen(
            ["bash", script], env={**clean, "PATH": path, **env}, stdout=log, stderr=log, start_new_session=True
        )

    def run(self, **env: str) -> tuple[int, str]:
        code = self.start(**env).wait(timeout=240)
        return code, self.log()

    def log(self) -> str:
        """What the last script said; what Ray has left in its own folder is removed."""
        text = (self.folder / "out.log").read_text()
        for line in text.splitlines():
            if line.startswith("logs of Ray: "):
                shutil.rmtree(line.split(": ", 1)[1], ignore_errors=True)
        return text


def nothing_left(place: Place, name: str) -> None:
    for _ in range(20):
        left = processes(f"--port={place.ports[0]}") + processes(f"{place.folder}")
        if not left:
            break
        time.sleep(0.5)
    check(f"{name}: no process is left", not left, left)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="launch-") as name:
        place = Place(pathlib.Path(name))
        argv = place.render("argv").splitlines()

        place.mode("train")
        code, log = place.run()
        check("script: a job that trains ends with 0", code == 0, log[-2000:])
        seen = place.seen()
        check("script: train.py gets the argv exactly", seen["argv"] == argv)
        check("script: the environment of the job", seen["env"]["ODD"] == "it's {a} %s #", seen["env"].get("ODD"))
        check("script: NVLink is detected", seen["env"]["NCCL_NVLS_ENABLE"] == "1")
        check("script: Ray has the GPUs of the recipe", seen["gpus"] == 8.0, seen["gpus"])
        check("script: the job's log is shown", "stand-in: train" in log)
        check("script: Ray asks for a token", seen["env"].get("RAY_AUTH_MODE") == "token")
        nothing_left(place, "script")

        place.mode("nothing")
        code, log = place.run()
        check("script: success without a checkpoint ends with 5", code == 5, (code, log[-800:]))
        place.mode("fail")
        code, log = place.run()
        check("script: a job that fails ends with 1", code == 1, (code, log[-800:]))

        place.mode("hang")
        running = place.start()
        first = place.folder / "out.log"
        first.rename(place.folder / "first.log")
        deadline = time.time() + 120
        while not (place.folder / "miles/seen.json").exists() and time.time() < deadline:
            time.sleep(0.5)
        code, log = place.run()
        check("script: a second one starts nothing where a Ray is", code == 3 and "is taken" in log, (code, log[-400:]))
        running.send_signal(signal.SIGTERM)
        code = running.wait(timeout=120)
        check("script: SIGTERM stops the job and ends with 143", code == 143, code)
        (place.folder / "first.log").rename(first)
        place.log()
        nothing_left(place, "SIGTERM")

        jobs_request(place, argv)
        nothing_left(place, "request")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def doctor(port: int) -> None:
    """Every node of the cluster is looked at; this machine is no node for the recipe, and that is said."""
    command = ["node", ROOT / "packages/train/bin/moonlight-train.js", "doctor", "--profile", "moonlight-16b-a3b", "--json"]
    command += ["--set", f"launch.python={sys.executable}", "--ray-address", f"127.0.0.1:{port}"]
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "RAY_AUTH_MODE": "disabled"})
    summary = json.loads(ended.stdout.strip().splitlines()[-1])
    seen = {entry["id"]: entry for entry in summary.get("output", {}).get("checks", [])}
    check("doctor: Ray's GPUs are counted", seen.get("cluster-gpus", {}).get("status") == "ok", ended.stderr[-800:])
    check("doctor: the node's modules are looked at", seen.get("module:ray", {}).get("status") == "ok", seen.get("module:ray"))
    check("doctor: what is missing is an error", ended.returncode == 3 and seen["gpu-count"]["status"] == "error", ended.returncode)


def jobs_request(place: Place, argv: list[str]) -> None:
    """The document as it is, posted to the job server of a Ray that somebody else has started."""
    ray, dashboard = place.ports
    place.mode("train")
    command = [BIN / "ray", "start", "--head", "--block", "--disable-usage-stats", "--num-gpus=8", f"--port={ray}"]
    command += ["--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"]
    temporary = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    head = subprocess.Popen(
        [*command, f"--temp-dir={temporary}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # Ray asks for a token where the user has one.
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
    )
    url = f"http://127.0.0.1:{dashboard}/api/jobs/"
    try:
        deadline = time.time() + 90
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).read()
                break
            except OSError:
                if time.time() > deadline:
                    raise
                time.sleep(1)
        doctor(ray)
        body = place.render("ray-job").encode()
        post = urllib.request.Request(url, body, {"content-type": "application/json"})
        job = json.load(urllib.request.urlopen(post, timeout=60))["submission_id"]
        state = ""
        while state not in ("SUCCEEDED", "FAILED", "STOPPED") and time.time() < deadline + 60:
            state = json.load(urllib.request.urlopen(url + job, timeout=10))["status"]
            time.sleep(1)
        check("request: the job succeeds", state == "SUCCEEDED", state)
        seen = place.seen()
        check("request: train.py gets the argv exactly", seen["argv"] == argv)
        check("request: the environment of the job", seen["env"]["ODD"] == "it's {a} %s #")
        place.mode("train")
        code, log = place.run(RAY_ADDRESS=f"http://127.0.0.1:{dashboard}", RAY_AUTH_MODE="disabled")
        check("script: uses a cluster that runs, and leaves it running", code == 0 and head.poll() is None, log[-800:])
    finally:
        head.terminate()
        head.wait(timeout=60)
        shutil.rmtree(temporary, ignore_errors=True)


main()
