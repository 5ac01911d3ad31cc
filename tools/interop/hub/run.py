"""Python's own `hf download` against `startHubServer`, live.

    npm run interop -- hub

Serves repositories made here, and compares what `hf` and `huggingface_hub` bring home. Ends with "N passed, N failed".
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SERVER = """
import { startHubServer } from "@moonlight-rl/hub";
const [root, token] = process.argv.slice(1);
const server = await startHubServer({ root, ...(token ? { token } : {}) });
console.log(server.url);
process.stdin.on("end", () => process.exit(0)).resume();
"""
OURS = """
import { formatBytes } from "@moonlight-rl/core";
import { HubClient, LocalDir } from "@moonlight-rl/hub";
const [endpoint, folder] = process.argv.slice(1);
const client = new HubClient({ endpoint });
const repo = { type: "model", repo: "interop/model" };
const { commit } = await client.resolveRevision(repo);
const listing = [];
for await (const file of client.listFiles({ ...repo, commit })) listing.push(file);
const local = new LocalDir(folder);
await local.prepare(listing);
const { bytes, files } = await client.downloadRepo({
  ...repo, commit, listing, directory: folder, selection: { allow: ["*"] },
  seed: (file) => local.seed(file), contiguous: (file) => local.incompletePath(file),
});
for (const file of listing) if (files[file.path]) await local.writeNote(file, commit);
await local.writeListing(commit, listing);
await client.close();
console.log(`${formatBytes(bytes.kept)} were here, ${formatBytes(bytes.fetched)} fetched`);
"""


def pattern(size: int) -> bytes:
    """Bytes without a short period, the same every time."""
    block = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(1024))
    return b"".join(
        hashlib.sha256(str(i).encode()).digest() + block for i in range(size // len(block) + 1)
    )[:size]


FILES = {
    "models/interop/model": {
        "config.json": b'{"model_type": "deepseek_v3"}\n',
        "model-00001-of-00002.safetensors": pattern(11_000_003),
        "model-00002-of-00002.safetensors": pattern(70_001),
        "README.md": b"# read me\n",
        "figures/a b/été #1 100%.txt": b"odd names travel\n",
        "empty.txt": b"",
    },
    "datasets/interop/rows": {"rows.jsonl": b'{"prompt": "1+1", "label": "2"}\n' * 1000}
    | {f"shards/{i:04}.txt": str(i).encode() for i in range(1010)},
}


def make_repositories(root: pathlib.Path) -> None:
    for repo, files in FILES.items():
        for name, content in files.items():
            target = root / repo / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


class Server:
    def __init__(self, root: pathlib.Path, token: str = ""):
        self.process = subprocess.Popen(
            ["node", "--input-type=module", "-e", SERVER, str(root), token],
            cwd=ROOT / "packages" / "fetch",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=20)


class Checks:
    def __init__(self, bin_folder: pathlib.Path, work: pathlib.Path):
        self.bin, self.work = bin_folder, work
        self.passed, self.failed = 0, 0

    def check(self, name: str, ok: bool, more: str = "") -> None:
        self.passed, self.failed = self.passed + ok, self.failed + (not ok)
        print(f"{'ok  ' if ok else 'FAIL'}  {name}" + ("" if ok else f"\n{textwrap.indent(more, '      ')}"))

    def run(self, url: str, args: list[str], token: str = "", cwd: pathlib.Path | None = None) -> subprocess.CompletedProcess:
        env = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
        env |= {"HF_ENDPOINT": url, "HF_HOME": str(self.work / "home"), "HF_HUB_DISABLE_TELEMETRY": "1"}
        if token:
            env["HF_TOKEN"] = token
        return subprocess.run(args, env=env, capture_output=True, text=True, timeout=120, cwd=cwd)

    def hf(self, url: str, *args: str, token: str = "") -> subprocess.CompletedProcess:
        return self.run(url, [str(self.bin / "hf"), *args], token)

    def ours(self, url: str, folder: pathlib.Path) -> subprocess.CompletedProcess:
        """The Hub client and the layout of `hf`, as the fetch stage puts them together; prints what it has fetched."""
        return self.run(url, ["node", "--input-type=module", "-e", OURS, url, str(folder)], cwd=ROOT / "packages" / "fetch")

    def python(self, url: str, code: str) -> subprocess.CompletedProcess:
        return self.run(url, [str(self.bin / "python"), "-c", textwrap.dedent(code)])

    def same(self, name: str, repo: str, folder: pathlib.Path, done: subprocess.CompletedProcess) -> None:
        wrong = [
            path
            for path, content in FILES[repo].items()
            if not (folder / path).is_file() or (folder / path).read_bytes() != content
        ]
        self.check(name, done.returncode == 0 and not wrong, f"{wrong[:5]} {done.stdout}{done.stderr}")


def main() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary)
        checks = Checks(pathlib.Path(sys.executable).parent, work)
        root = work / "root"
        make_repositories(root)
        with Server(root) as server:
            public(checks, server.url, work)
        with Server(root, "secret") as server:
            closed(checks, server.url, work)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


def public(checks: Checks, url: str, work: pathlib.Path) -> None:
    model = work / "model"
    done = checks.hf(url, "download", "interop/model", "--local-dir", str(model))
    checks.same("hf download of a model", "models/interop/model", model, done)

    rows = work / "rows"
    done = checks.hf(url, "download", "interop/rows", "--repo-type", "dataset", "--local-dir", str(rows))
    checks.same("hf download of a dataset of 1011 files (two pages)", "datasets/interop/rows", rows, done)

    part = work / "part"
    done = checks.hf(
        url, "download", "interop/model", "--include", "*.json", "--local-dir", str(part)
    )
    names = sorted(p.name for p in part.iterdir() if p.is_file())
    checks.check("hf download --include", names == ["config.json"], f"{names} {done.stderr}")

    done = checks.python(
        url,
        """
        from huggingface_hub import HfApi, hf_hub_download, get_hf_file_metadata, hf_hub_url
        import hashlib, pathlib
        api = HfApi()
        info = api.model_info("interop/model", files_metadata=True)
        big = {s.rfilename: s for s in info.siblings}["model-00001-of-00002.safetensors"]
        path = hf_hub_download("interop/model", "model-00001-of-00002.safetensors", revision=info.sha)
        assert hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest() == big.lfs.sha256
        assert api.model_info("interop/model", revision=info.sha).sha == info.sha
        metadata = get_hf_file_metadata(hf_hub_url("interop/model", "config.json"))
        assert metadata.commit_hash == info.sha and metadata.size == 30 and len(metadata.etag) == 40
        tree = list(api.list_repo_tree("interop/model", recursive=True, expand=True))
        assert {e.path for e in tree} >= {"figures", "figures/a b", "config.json"}, tree
        refs = api.list_repo_refs("interop/model")
        assert refs.branches[0].target_commit == info.sha
        """,
    )
    checks.check("metadata, digests, commits, tree and refs", done.returncode == 0, done.stderr)

    done = checks.python(
        url,
        """
        from huggingface_hub import HfApi, hf_hub_download
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError
        def raises(error, call):
            try: call()
            except error: return
            raise AssertionError(error)
        raises(RepositoryNotFoundError, lambda: HfApi().model_info("interop/nothing"))
        raises(RevisionNotFoundError, lambda: HfApi().model_info("interop/model", revision="v9"))
        raises(EntryNotFoundError, lambda: hf_hub_download("interop/model", "nothing.bin"))
        """,
    )
    checks.check("unknown repository, revision and file", done.returncode == 0, done.stderr)
    resumes(checks, url, work)
    exchanges(checks, url, work)


def exchanges(checks: Checks, url: str, work: pathlib.Path) -> None:
    """`--local-dir` folders of `hf` and of ours: each takes what the other has left, and fetches the rest only."""
    big = "model-00001-of-00002.safetensors"
    content = FILES["models/interop/model"][big]

    ours = work / "ours"
    done = checks.ours(url, ours)
    checks.same("our download to a folder", "models/interop/model", ours, done)
    times = {p: p.stat().st_mtime_ns for p in ours.rglob("*") if p.is_file() and ".cache" not in p.parts}
    done = checks.hf(url, "download", "interop/model", "--local-dir", str(ours))
    kept = all(p.stat().st_mtime_ns == time for p, time in times.items())
    checks.check("hf keeps every file of our folder", done.returncode == 0 and kept, done.stderr)

    theirs = work / "theirs"
    checks.hf(url, "download", "interop/model", "--local-dir", str(theirs))
    done = checks.ours(url, theirs)
    checks.check("we keep every file of hf's folder", " 0 B fetched" in done.stdout, done.stdout + done.stderr)

    begun = work / "begun"
    done = checks.python(
        url,
        f"""
        import pathlib
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub._local_folder import get_local_download_paths
        metadata = get_hf_file_metadata(hf_hub_url("interop/model", {big!r}))
        paths = get_local_download_paths(pathlib.Path({str(begun)!r}), {big!r})
        path = paths.incomplete_path(metadata.etag)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = pathlib.Path({str(work / "model")!r}, {big!r}).read_bytes()
        path.write_bytes(whole[:8_000_000])
        """,
    )
    checks.check("a prefix where hf puts it", done.returncode == 0, done.stderr)
    done = checks.ours(url, begun)
    checks.same("our download goes on with it", "models/interop/model", begun, done)
    rest = sum(map(len, FILES["models/interop/model"].values())) - 8_000_000
    checks.check("and fetches the rest only", "8.00 MB were here" in done.stdout, f"{rest} {done.stdout}")
    checks.check("the content is right", (begun / big).read_bytes() == content)


def resumes(checks: Checks, url: str, work: pathlib.Path) -> None:
    """`hf` goes on with the `.incomplete` prefix of an interrupted download, by a Range request of ours."""
    done = checks.python(
        url,
        f"""
        import pathlib
        from huggingface_hub import hf_hub_download, get_hf_file_metadata, hf_hub_url
        from huggingface_hub.file_download import http_get
        whole = pathlib.Path({str(work / "model")!r}, "model-00001-of-00002.safetensors").read_bytes()
        target = pathlib.Path({str(work / "resumed")!r})
        target.write_bytes(whole[:5_000_000])
        with target.open("ab") as file:
            http_get(hf_hub_url("interop/model", "model-00001-of-00002.safetensors"), file,
                     resume_size=5_000_000, expected_size=len(whole))
        assert target.read_bytes() == whole
        """,
    )
    checks.check("a resumed download asks for the rest and gets it", done.returncode == 0, done.stderr)


def closed(checks: Checks, url: str, work: pathlib.Path) -> None:
    done = checks.hf(url, "download", "interop/model", "--local-dir", str(work / "denied"))
    checks.check("no token is refused", done.returncode != 0, done.stdout)
    folder = work / "allowed"
    done = checks.hf(url, "download", "interop/model", "--local-dir", str(folder), token="secret")
    checks.same("the right token is let in", "models/interop/model", folder, done)


if __name__ == "__main__":
    sys.exit(main())
