/**
 * Facts about a node, printed as one line of JSON: Python of the standard library alone, so that it runs with any interpreter and,
 * through Ray, on any node. It looks, asks nvidia-smi, and changes nothing. First argument: what to look for, as JSON.
 */
export const PROBE_SCRIPT = `
import glob, importlib.metadata, importlib.util, json, os, platform, resource, shutil, socket, subprocess, sys

def run(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return ""

def text(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""

def rows(query, fields):
    out = run("nvidia-smi", "--query-%s=%s" % (query, ",".join(fields)), "--format=csv,noheader,nounits")
    lines = [[part.strip() for part in line.split(",")] for line in out.splitlines()]
    return [dict(zip(fields, line)) for line in lines if len(line) == len(fields)]

def whole(value):
    try:
        return int(float(value))
    except (TypeError, ValueError):
        return None

def gpus():
    fields = ["index", "name", "memory.total", "memory.used", "driver_version", "compute_cap"]
    return [
        {
            "index": whole(row["index"]),
            "name": row["name"],
            "memoryMib": whole(row["memory.total"]),
            "usedMib": whole(row["memory.used"]),
            "driver": row["driver_version"],
            "computeCapability": row["compute_cap"],
        }
        for row in rows("gpu", fields)
    ]

def gpu_processes():
    fields = ["pid", "process_name", "used_memory"]
    return [
        {"pid": whole(row["pid"]), "name": row["process_name"], "usedMib": whole(row["used_memory"])}
        for row in rows("compute-apps", fields)
    ]

def nvlinks():
    """GPUs that have an NVLink to another one; None where nvidia-smi does not say."""
    lines = [line.split() for line in run("nvidia-smi", "topo", "-m").splitlines()]
    table = [line for line in lines if line and line[0].lstrip("\\x1b[4m").startswith("GPU") and len(line) > 2]
    if not table:
        return None
    return sum(any(cell.startswith("NV") for cell in line[1:]) for line in table)

def memory():
    found = dict(line.split(":", 1) for line in text("/proc/meminfo").splitlines() if ":" in line)
    total, available = (whole(found.get(name, "").split(" kB")[0].strip()) for name in ("MemTotal", "MemAvailable"))
    limits = [whole(text(path).strip()) for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")]
    limit = next((value for value in limits if value is not None and value < 1 << 60), None)
    return {"total": total and total * 1024, "available": available and available * 1024, "limit": limit}

def room(path):
    """The nearest folder above that exists is what a new file would be made in."""
    there = path
    while not os.path.exists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    try:
        disk = shutil.disk_usage(there)
        free, total = disk.free, disk.total
    except OSError:
        free, total = None, None
    return {"path": path, "exists": os.path.exists(path), "writable": os.access(there, os.W_OK), "free": free, "total": total}

def limits():
    names = {"openFiles": "RLIMIT_NOFILE", "processes": "RLIMIT_NPROC", "lockedMemory": "RLIMIT_MEMLOCK"}
    soft = {key: resource.getrlimit(getattr(resource, name))[0] for key, name in names.items()}
    return {key: None if value == resource.RLIM_INFINITY else value for key, value in soft.items()}

MARKS = ("raylet", "gcs_server", "ray::", "sglang", "train.py", "train_async.py")

def processes():
    """Those that a run of miles leaves behind, with their owner's id; nobody's but ours to look at."""
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(path.rsplit("/", 1)[1])
        command = text(path + "/cmdline").replace("\\0", " ").strip()
        words = command.split()
        program = " ".join(os.path.basename(word) for word in words[:3])
        if pid != os.getpid() and any(mark in program for mark in MARKS):
            try:
                found.append({"pid": pid, "user": os.stat(path).st_uid, "command": command[:160]})
            except OSError:
                pass
    return sorted(found, key=lambda entry: entry["pid"])[:200]

def taken(port):
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.settimeout(2)
                if probe.connect_ex((host, port)) == 0:
                    return True
        except OSError:
            pass
    return False

def commit(folder):
    """Of the git work tree that holds the folder, read from its files."""
    while folder and folder != os.path.dirname(folder):
        head = text(os.path.join(folder, ".git", "HEAD")).strip()
        if head.startswith("ref: "):
            name = head[5:]
            found = text(os.path.join(folder, ".git", name)).strip()
            packed = [line.split()[0] for line in text(os.path.join(folder, ".git", "packed-refs")).splitlines() if line.endswith(" " + name)]
            return found or (packed[0] if packed else None)
        if head:
            return head
        folder = os.path.dirname(folder)
    return None

def module(name, packages):
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return {"name": name, "found": False}
    places = list(spec.submodule_search_locations or []) or [os.path.dirname(spec.origin or "")]
    version = None
    for package in packages:
        try:
            version = importlib.metadata.version(package)
            break
        except importlib.metadata.PackageNotFoundError:
            pass
    return {"name": name, "found": True, "version": version, "location": places[0], "commit": commit(places[0])}

def facts(wanted):
    for folder in reversed(wanted["importFrom"]):
        sys.path.insert(0, folder)
    return {
        "host": platform.node(),
        "user": os.getuid(),
        "python": {"version": platform.python_version(), "executable": sys.executable},
        "cpus": len(os.sched_getaffinity(0)),
        "memory": memory(),
        "sharedMemory": room("/dev/shm"),
        "limits": limits(),
        "gpus": gpus(),
        "gpuProcesses": gpu_processes(),
        "gpusWithNvlink": nvlinks(),
        "processes": processes(),
        "ports": [{"port": port, "taken": taken(port)} for port in wanted["ports"]],
        "paths": [room(path) for path in wanted["paths"]],
        "modules": [module(entry["name"], entry["packages"]) for entry in wanted["modules"]],
    }
`;

/** Prints the facts of the node that it runs on. */
export const HERE = `${PROBE_SCRIPT}
print(json.dumps([facts(json.loads(sys.argv[1]))]))
`;

/** Prints the facts of every node of a Ray cluster; a node that does not answer in time is an entry with its error. */
export const EVERYWHERE = `
import json, sys
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

source, wanted, address = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
ray.init(address=address, log_to_driver=False, logging_level="ERROR")

@ray.remote(num_cpus=0, max_retries=0)
def look():
    scope = {"__name__": "probe"}
    exec(compile(source, "probe", "exec"), scope)
    return scope["facts"](wanted)

def asked(node):
    there = NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
    return node, look.options(scheduling_strategy=there).remote()

found = []
for node, reference in [asked(node) for node in ray.nodes() if node["Alive"]]:
    resources = {name: node["Resources"].get(name, 0) for name in ("CPU", "GPU")}
    try:
        found.append({**ray.get(reference, timeout=120), "ray": resources})
    except Exception as error:
        found.append({"host": node["NodeManagerHostname"], "error": str(error)[:500]})
print(json.dumps(found))
`;
