"""The train stage with the miles backend on a real Ray, on CPU and loopback, with a stand-in for the framework.

    npm run interop -- ray

Submitting, following, stopping, detaching, kill -9 of our process, death of the head, hangs, failures, odd logs; after each
that no process is left, and that a planted secret is in no file and no record. Ends with "N passed, N failed".
"""

import json
import os
import pathlib
import pty
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
import uuid
from collections.abc import Callable

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TINY = ROOT / "packages/tiny-moonlight/assets"
ROLLOUTS, INTERVAL = 6, 2
WAIT_SECONDS = 180
SECRET = "planted-" + secrets.token_hex(16)
MARK = f"MOONLIGHT_INTEROP={uuid.uuid4().hex}"


def processes(mark: str = MARK) -> list[int]:
    """Everything that was started from here, whoever its parent is by now."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def wait(what: str, test: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)


class Stage:
    """The train stage in a workspace of its own."""

    def __init__(self, folder: pathlib.Path, inputs: pathlib.Path, modes: str, **env: str) -> None:
        self.folder, self.miles = folder, folder / "miles"
        self.miles.mkdir(parents=True)
        shutil.copy(HERE / "train.py", self.miles)
        (self.miles / "modes").write_text(modes)
        (self.miles / "saves").symlink_to(inputs / "saves")
        (self.miles / "kept").symlink_to(ROOT / "packages/miles/golden/dump/rollout_data")
        name, value = MARK.split("=")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
        # The recipe takes a GPU; nothing uses it.
        self.env |= {name: value, "WANDB_API_KEY": SECRET, "RAY_OVERRIDE_RESOURCES": '{"GPU": 1}', **env}
        bin, workspace = ["node", str(ROOT / "packages/train/bin/moonlight-train.js")], ["--workspace", str(folder / "workspace")]
        self.inputs = [
            "--json", "--miles", str(self.miles), "--python", sys.executable,
            "--recipe", str(inputs / "recipe"), "--checkpoint", str(inputs / "base"),
            "--model", str(TINY / "models/moonlight-rl/tiny-moonlight"),
            "--prompt-data", str(TINY / "datasets/moonlight-rl/tiny-dapo-math"),
            "--eval-data", str(TINY / "datasets/moonlight-rl/tiny-aime"),
        ]
        # A look at this machine would find neither GPUs nor the framework.
        self.command = [*bin, *workspace, "--backend", "miles", *self.inputs, "--preflight", "off"]
        self.debug = [*bin, *workspace, "debug", *self.inputs, "--preflight", "off"]
        self.out = folder / "out.ndjson"

    def start(self, *flags: str, terminal: int | None = None) -> subprocess.Popen[bytes]:
        with self.out.open("ab") as out, (self.folder / "err.txt").open("ab") as err:
            stdin, stderr = (subprocess.DEVNULL, err) if terminal is None else (terminal, terminal)
            return subprocess.Popen([*self.command, *flags], stdin=stdin, stdout=out, stderr=stderr, env=self.env)

    def run(self, *flags: str) -> int:
        return self.start(*flags).wait(timeout=WAIT_SECONDS)

    def run_debug(self, *flags: str) -> dict:
        done = subprocess.run([*self.debug, *flags], capture_output=True, text=True, env=self.env, timeout=WAIT_SECONDS)
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
        return json.loads(done.stdout.splitlines()[-1])["output"]

    def events(self) -> list[dict]:
        lines = self.out.read_text().splitlines() if self.out.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def said(self) -> str:
        return self.out.read_text() + (self.folder / "err.txt").read_text()

    def state(self, name: str) -> pathlib.Path:
        """A file of the run's folder while it is not finished."""
        return next(iter((self.folder / "workspace").glob(f"**/.moonlight/{name}")), self.folder / "none")

    def rollouts(self) -> int:
        return sum(1 for event in self.events() if event["type"] == "metric" and "train/loss" in event["values"])

    def checkpoints(self) -> int:
        return sum("is complete" in event.get("message", "") for event in self.events())

    def saved(self) -> bool:
        """A checkpoint is there, and its rollouts' figures have reached us: Ray hands actors' lines on a moment later."""
        return self.checkpoints() >= 1 and self.rollouts() >= INTERVAL

    def trained(self, lost_head: bool = False) -> None:
        """The artifact has the last rollout's checkpoint, and every figure of every rollout once; what a head that died had
        not handed on by then, of rollouts before the checkpoint that the next job went on from, may be missing."""
        [history] = (self.folder / "workspace/store").glob("torch-dist-*/history.ndjson")
        assert (history.parent / f"iter_{ROLLOUTS - 1:07d}/.metadata").exists()
        assert (history.parent / "latest_checkpointed_iteration.txt").read_text() == str(ROLLOUTS - 1)
        points = [json.loads(line) for line in history.read_text().splitlines()]
        keys = [(point["step"], name) for point in points for name in point["values"]]
        assert len(keys) == len(set(keys)), f"doubled: {sorted(key for key in keys if keys.count(key) > 1)[:5]}"
        went_on = max(map(int, re.findall(r"the checkpoint of rollout (\d+)", self.said())), default=-1) if lost_head else -1
        for rollout in [n for n in range(ROLLOUTS) if n < INTERVAL or n > went_on]:
            for name in ("train/loss", "rollout/raw_reward", "rollout/response_len/mean"):
                assert (rollout, name) in keys, f"lost: {name} of rollout {rollout}"

    def clean(self) -> None:
        """Nothing runs on, and the secret was written nowhere."""
        wait(f"no process left, of {processes()}", lambda: not processes(), 15)
        for file in self.folder.rglob("*"):
            if file.is_file() and not file.is_symlink():
                assert SECRET.encode() not in file.read_bytes(), f"{file} holds the secret"


Check = Callable[[Callable[..., Stage]], None]
CHECKS: list[Check] = []


def check(function: Check) -> Check:
    CHECKS.append(function)
    return function


@check
def trains_on_a_head_of_its_own(stage: Callable[..., Stage]) -> None:
    it = stage("ok")
    process = it.start()
    wait("a head", lambda: it.state("ray-head.json").exists() and "pid" in it.state("ray-head.json").read_text())
    wait("the job", lambda: "submitted job" in it.said())
    head = json.loads(it.state("ray-head.json").read_text())
    port = head["dashboardPort"]
    assert oct(os.stat(head["tokenFile"]).st_mode & 0o777) == "0o600"
    listening = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True).stdout
    assert listening == "" or (f"127.0.0.1:{port}" in listening and "0.0.0.0" not in listening.split()[3]), listening
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/jobs/", timeout=10)
        raise AssertionError("the head takes jobs without a token")
    except urllib.error.HTTPError as error:
        assert error.code == 401, error
    token = pathlib.Path(head["tokenFile"]).read_text()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/jobs/", headers={"Authorization": f"Bearer {token}"})
    jobs = urllib.request.urlopen(asked, timeout=30).read().decode()
    assert "train.py" in jobs and SECRET not in jobs, "the job's record holds the secret"
    assert token not in it.said() and token not in jobs
    assert process.wait(timeout=WAIT_SECONDS) == 0, it.said()[-2000:]
    it.trained()
    assert not pathlib.Path(head["tempDir"]).exists()


@check
def follows_the_same_job_after_kill_9(stage: Callable[..., Stage]) -> None:
    it = stage("slow")
    process = it.start()
    wait("two rollouts", lambda: it.rollouts() >= 2)
    process.kill()
    process.wait()
    time.sleep(2)
    assert it.run() == 0, it.said()[-2000:]
    assert "is there: following it" in it.said()
    assert it.said().count("submitted job") == 1
    it.trained()


@check
def judges_a_job_that_ended_while_we_were_dead(stage: Callable[..., Stage]) -> None:
    it = stage("ok")
    process = it.start()
    wait("a rollout", lambda: it.rollouts() >= 1)
    process.kill()
    process.wait()
    save = it.state("run.json").parent.parent
    wait("the last save", lambda: (save / f"rollout/global_dataset_state_dict_{ROLLOUTS - 1}.pt").exists())
    time.sleep(4)
    assert it.run() == 0, it.said()[-2000:]
    assert it.said().count("submitted job") == 1
    it.trained()


@check
def stops_at_an_interrupt_and_goes_on_later(stage: Callable[..., Stage]) -> None:
    it = stage("slow ok")
    process = it.start("--on-interrupt", "stop")
    wait("a checkpoint", it.saved)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130, it.said()[-2000:]
    assert "Stopped job" in it.said()
    it.clean()
    assert it.run() == 0, it.said()[-2000:]
    it.trained()


@check
def asks_at_a_terminal(stage: Callable[..., Stage]) -> None:
    it = stage("slow")
    ours, theirs = pty.openpty()
    process = it.start(terminal=theirs)
    os.close(theirs)
    wait("a rollout", lambda: it.rollouts() >= 1)
    process.send_signal(signal.SIGINT)
    shown = b""
    while b"[d]etach" not in shown:
        shown += os.read(ours, 4096)
    os.write(ours, b"d\n")
    assert process.wait(timeout=60) == 130
    os.close(ours)
    assert processes(), "the job has ended with us"
    assert it.run() == 0, it.said()[-2000:]
    assert it.said().count("submitted job") == 1
    it.trained()


@check
def ends_at_once_at_a_second_interrupt(stage: Callable[..., Stage]) -> None:
    it = stage("slow ok")
    process = it.start("--on-interrupt", "stop")
    wait("a checkpoint", it.saved)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=5) == 130
    wait("the head's end", lambda: not processes(), 60)
    assert it.run() == 0, it.said()[-2000:]
    it.trained()


@check
def detaches_and_comes_back(stage: Callable[..., Stage]) -> None:
    it = stage("slow")
    process = it.start("--on-interrupt", "detach")
    wait("a rollout", lambda: it.rollouts() >= 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 130
    assert processes(), "the job has ended with us"
    assert it.run() == 0, it.said()[-2000:]
    assert it.said().count("submitted job") == 1
    it.trained()


@check
def starts_another_head_when_its_own_dies(stage: Callable[..., Stage]) -> None:
    it = stage("slow ok")
    process = it.start()
    wait("a checkpoint", it.saved)
    os.kill(json.loads(it.state("ray-head.json").read_text())["pid"], signal.SIGKILL)
    assert process.wait(timeout=WAIT_SECONDS) == 0, it.said()[-2000:]
    assert "head-lost" in it.said() and it.said().count("submitted job") == 2
    it.trained(lost_head=True)


@check
def clears_what_both_have_left_after_kill_9_of_both(stage: Callable[..., Stage]) -> None:
    it = stage("slow ok")
    process = it.start()
    wait("a checkpoint", it.saved)
    process.kill()
    process.wait()
    head = json.loads(it.state("ray-head.json").read_text())
    for pid in processes():
        if pid != head["pid"] and b"raylet" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
            os.kill(pid, signal.SIGKILL)
    os.kill(head["pid"], signal.SIGKILL)
    assert it.run() == 0, it.said()[-2000:]
    assert "is gone;" in it.said()
    it.trained(lost_head=True)


@check
def ends_a_job_that_hangs_and_tries_again(stage: Callable[..., Stage]) -> None:
    it = stage("hang ok")
    assert it.run("--on-hang", "restart", "--hang-minutes", "0.15") == 0, it.said()[-2000:]
    assert "HANG_" in it.said() and "(hang)" in it.said()
    it.trained()


@check
def takes_success_after_nothing_for_a_failure(stage: Callable[..., Stage]) -> None:
    it = stage("zero-steps")
    assert it.run() == 1
    assert "TRAIN_NO_STEP" in it.said()


@check
def gives_up_at_a_fault_of_the_code(stage: Callable[..., Stage]) -> None:
    it = stage("crash")
    assert it.run() == 1
    assert "label 'x' is not a number" in it.said() and it.said().count("submitted job") == 1


@check
def goes_on_after_a_worker_died_memory_ran_out_and_the_node_was_taken(stage: Callable[..., Stage]) -> None:
    it = stage("worker-killed out-of-memory preempted ok")
    assert it.run() == 0, it.said()[-2000:]
    retries = [event["message"] for event in it.events() if event.get("code") == "TRAIN_RETRY"]
    assert re.search(r"actor-died|killed", retries[0]), retries
    assert "(oom-host)" in retries[1], retries
    it.trained()


@check
def reads_logs_that_ray_cannot_send(stage: Callable[..., Stage]) -> None:
    for mode in ("odd-bytes", "long-line"):
        it = stage(mode)
        assert it.run() == 0, it.said()[-2000:]
        it.trained()
        it.clean()


@check
def outlives_a_disk_that_is_full_in_a_save(stage: Callable[..., Stage]) -> None:
    it = stage("slow ok")
    with small_disk(it.folder / "workspace") as disk:
        process = it.start()
        wait("a checkpoint", it.saved)
        disk.fill()
        code = process.wait(timeout=WAIT_SECONDS)
        assert code not in (0, 130), it.said()[-2000:]
        assert re.search(r"disk-full|DISK_FULL|ENOSPC|No space left", it.said()), it.said()[-2000:]
        wait(f"no process left, of {processes()}", lambda: not processes(), 15)
        disk.empty()
        assert it.run() == 0, it.said()[-2000:]
        went_on = [int(n) for n in re.findall(r"the checkpoint of rollout (\d+)", it.said())]
        assert went_on and went_on[0] == INTERVAL - 1, went_on
        it.trained()
        it.clean()


@check
def uses_a_running_cluster_and_leaves_it(stage: Callable[..., Stage]) -> None:
    with cluster() as (address, token, headers):
        it = stage("slow", RAY_AUTH_TOKEN_PATH=str(token))
        assert it.run("--ray-address", "127.0.0.1:1") == 75 and "RAY_UNREACHABLE" in it.said()
        process = it.start("--ray-address", address)
        wait("a rollout", lambda: it.rollouts() >= 1)
        asked = urllib.request.Request(f"{address}/api/jobs/", headers=headers)
        assert SECRET not in urllib.request.urlopen(asked, timeout=30).read().decode()
        process.kill()
        process.wait()
        assert it.run("--ray-address", address) == 0, it.said()[-2000:]
        assert it.said().count("submitted job") == 1
        it.trained()
        it.clean()
        [job] = json.loads(urllib.request.urlopen(asked, timeout=30).read())[:1]
        assert job["status"] == "SUCCEEDED"


@check
def looks_at_the_machines_before_a_job(stage: Callable[..., Stage]) -> None:
    here = stage("ok")
    assert here.run("--preflight", "require") == 3, here.said()[-2000:]
    assert "TRAIN_PREFLIGHT" in here.said() and "gpu-count" in here.said() and "module:miles" in here.said()
    assert not here.state("ray-head.json").exists() and not processes()
    with cluster() as (address, token, headers):
        there = stage("ok", RAY_AUTH_TOKEN_PATH=str(token))
        assert there.run("--ray-address", address, "--preflight", "require") == 3, there.said()[-2000:]
        assert "module:sglang" in there.said(), there.said()[-2000:]
        asked = urllib.request.Request(f"{address}/api/jobs/", headers=headers)
        assert json.loads(urllib.request.urlopen(asked, timeout=30).read()) == [], "a job is left"
        assert there.run("--ray-address", address, "--preflight", "warn") == 0, there.said()[-2000:]
        there.trained()
        there.clean()


@check
def runs_each_part_alone(stage: Callable[..., Stage]) -> None:
    it = stage("ok")
    out = it.folder / "debug"
    rollout = it.run_debug("rollout", "--rollouts", "3", "--out", str(out))
    assert [(one["rollout"], one["summary"]["samples"]) for one in rollout["rollouts"]] == [(0, 12), (1, 12), (2, 12)]
    assert rollout["optimizerSteps"] == 0
    train = it.run_debug("train", "--rollouts-from", str(out), "--out", str(it.folder / "train"))
    assert train["optimizerSteps"] == 6 and train["metrics"]["train/grad_norm"] == 0.5, train
    step = it.run_debug("step", "--out", str(it.folder / "step"))
    assert step["optimizerSteps"] == 2 and len(step["rollouts"]) == 1, step
    evaluation = it.run_debug("eval", "--out", str(it.folder / "eval"))
    assert evaluation["metrics"]["eval/tiny-aime"] == 0.75 and evaluation["rollouts"][0]["evaluation"], evaluation


@check
def trains_on_several_nodes(stage: Callable[..., Stage]) -> None:
    with cluster(second=True) as (address, token, _):
        it = stage("slow", RAY_AUTH_TOKEN_PATH=str(token))
        process = it.start("--ray-address", address, "--preflight", "warn")
        wait("a rollout", lambda: it.rollouts() >= 1)
        log = it.state("job-1.log").read_text()
        assert f"ip={FAR}" in log, "the trainer is not on the second node"
        assert process.wait(timeout=WAIT_SECONDS) == 0, it.said()[-2000:]
        looked = [event["message"] for event in it.events() if event.get("code") == "TRAIN_PREFLIGHT" and "module:sglang" in event["message"]]
        assert len(looked) == 2, looked
        it.trained()
        it.clean()


class small_disk:
    """A folder on a file system of its own, which holds a few checkpoints."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.filler = folder, folder / "filler"
        folder.mkdir()

    def __enter__(self) -> "small_disk":
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", self.folder], check=True, capture_output=True)
        return self

    def fill(self) -> None:
        """Leaves less than a checkpoint takes."""
        saved = next(self.folder.glob("**/iter_*"))
        size = sum(file.stat().st_size for file in saved.rglob("*"))
        left = shutil.disk_usage(self.folder).free - size // 2
        self.filler.write_bytes(bytes(left))

    def empty(self) -> None:
        self.filler.unlink()

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True, capture_output=True)


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as name:
        try:
            with small_disk(pathlib.Path(name) / "disk"):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


NEAR, FAR = "10.213.77.1", "10.213.77.2"


class far_node:
    """A network namespace joined to this one by a pair of virtual interfaces, as another machine would be."""

    def __init__(self) -> None:
        self.name = f"ml{secrets.token_hex(4)}"

    def __enter__(self) -> list[str]:
        ip = lambda *words: subprocess.run(["ip", *words], check=True, capture_output=True)
        ip("netns", "add", self.name)
        ip("link", "add", self.name, "type", "veth", "peer", "name", "far", "netns", self.name)
        ip("addr", "add", f"{NEAR}/24", "dev", self.name)
        ip("link", "set", self.name, "up")
        ip("-n", self.name, "addr", "add", f"{FAR}/24", "dev", "far")
        ip("-n", self.name, "link", "set", "far", "up")
        ip("-n", self.name, "link", "set", "lo", "up")
        return ["ip", "netns", "exec", self.name]

    def __exit__(self, *_: object) -> None:
        # The kernel takes a namespace's interfaces away some time later.
        for words in (["link", "del", self.name], ["netns", "del", self.name]):
            subprocess.run(["ip", *words], check=False, capture_output=True)


def can_have_far_nodes() -> bool:
    node = far_node()
    try:
        node.__enter__()
        return True
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        node.__exit__()


class cluster:
    """A Ray that is none of ours, with tokens; with `second`, of two nodes."""

    def __init__(self, second: bool = False) -> None:
        self.far = far_node() if second else None

    def __enter__(self) -> tuple[str, pathlib.Path, dict[str, str]]:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ray-"))
        token = self.folder / "token"
        token.write_text(secrets.token_hex(16))
        token.chmod(0o600)
        ports = []
        sockets = [socket.socket() for _ in range(5)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
            ports.append(one.getsockname()[1])
        for one in sockets:
            one.close()
        flags = zip(("port", "dashboard-port", "ray-client-server-port", "dashboard-agent-listen-port", "dashboard-agent-grpc-port"), ports)
        into = [] if self.far is None else self.far.__enter__()
        near = "127.0.0.1" if self.far is None else NEAR

        def node(before: list[str], *words: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [*before, sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats", *words],
                env=os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_INTEROP_CLUSTER": str(self.folder)},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )

        self.processes = [
            node([], "--head", f"--node-ip-address={near}", "--dashboard-host=127.0.0.1", f"--temp-dir={self.folder}/ray",
                 *(f"--{name}={port}" for name, port in flags))
        ]
        headers = {"Authorization": f"Bearer {token.read_text()}"}
        address = f"http://127.0.0.1:{ports[1]}"

        def up() -> bool:
            try:
                asked = urllib.request.Request(f"{address}/nodes?view=summary", headers=headers)
                return len(json.loads(urllib.request.urlopen(asked, timeout=5).read())["data"]["summary"]) == len(self.processes)
            except OSError:
                return False

        wait("the cluster", up)
        if self.far is not None:
            # Both see the same disk; what the near one writes there the far one would report again.
            into += ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(self.folder / "ray")]
            self.processes.append(node(into, f"--address={NEAR}:{ports[0]}", f"--node-ip-address={FAR}"))
            wait("the second node", up)
        return address, token, headers

    def __exit__(self, *_: object) -> None:
        alive = all(process.poll() is None for process in self.processes)
        for process in reversed(self.processes):
            process.terminate()
        try:
            wait("the cluster's end", lambda: not processes(f"RAY_INTEROP_CLUSTER={self.folder}"), 60)
        finally:
            if self.far is not None:
                self.far.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert alive, "somebody has ended a cluster that is not theirs"


def main() -> int:
    # An end from outside goes through what tidies up, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    passed = failed = 0
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="interop-ray-") as name:
        folder = pathlib.Path(name)
        inputs = folder / "inputs"
        subprocess.run(["node", HERE / "make-inputs.mjs", inputs, str(ROLLOUTS), str(INTERVAL)], check=True)
        for number, function in enumerate(CHECKS):
            what = function.__name__.replace("_", " ")
            if function is trains_on_several_nodes and not can_have_far_nodes():
                print(f"skip  {what}: no network namespaces here")
                continue
            if function is outlives_a_disk_that_is_full_in_a_save and not can_mount():
                print(f"skip  {what}: no file system may be mounted here")
                continue
            if wanted and not any(word in function.__name__ for word in wanted):
                continue
            made: list[Stage] = []

            def stage(modes: str, **env: str) -> Stage:
                made.append(Stage(folder / f"{number}-{len(made)}", inputs, modes, **env))
                return made[-1]

            started = time.monotonic()
            try:
                function(stage)
                for one in made:
                    one.clean()
                passed += 1
                print(f"ok    {what} ({time.monotonic() - started:.0f} s)")
            except Exception:
                failed += 1
                print(f"FAIL  {what}\n{traceback.format_exc()}")
                for one in made:
                    for name in ("out.ndjson", "err.txt"):
                        path = one.folder / name
                        if path.exists():
                            print(f"--- end of {one.folder.name}/{name}\n{path.read_text(errors='replace')[-3000:]}")
            finally:
                for pid in processes():
                    os.kill(pid, signal.SIGKILL)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
