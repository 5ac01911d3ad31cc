import { formatBytes } from "@moonlight-rl/core";
import type { NodeFacts } from "./node-facts.ts";
import { REFERENCE_COMMIT, type NodeNeeds } from "./needs.ts";

/** error: the run would fail or wait for ever; warning: it may; ok: looked at, and right. */
export type CheckStatus = "ok" | "warning" | "error";

/** One thing that was looked at. */
export interface NodeCheck {
  readonly host: string;
  /** Stable id, with its group in front. */
  readonly id: string;
  readonly status: CheckStatus;
  readonly seen: string;
  /** What to do; only where something is to be done. */
  readonly fix?: string;
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** Docker gives 64 MB; NCCL, PyTorch's loaders and Ray's object store live there. */
const SHARED_MEMORY_LEAST = GIB;
const SHARED_MEMORY_GOOD = 32 * GIB;
/** Ray's own advice. */
const OPEN_FILES = 65_536;
/** Contexts of a driver that does nothing. */
const IDLE_GPU_MIB = 1_024;
/** bfloat16 in tensor cores, which the recipe needs. */
const LEAST_CAPABILITY = 8;

/** Judges what was seen of a node by what a recipe needs. Everything that was looked at is told, in the order in which it matters. */
export function judgeNode(
  facts: NodeFacts,
  needs: NodeNeeds,
  options: { readonly existingCluster: boolean },
): NodeCheck[] {
  const checks: NodeCheck[] = [];
  const say = (id: string, status: CheckStatus, seen: string, fix?: string): void => {
    checks.push({ host: facts.host, id, status, seen, ...(fix === undefined ? {} : { fix }) });
  };
  // A head that lends Ray no GPUs gets no worker; the job's own program runs there, so that it needs modules and paths.
  const worker = facts.ray === undefined || facts.ray.GPU > 0;
  if (worker) judgeGpus(facts, needs, say);
  else say("gpu-count", "ok", "Ray has no GPU of it: no worker is placed here");
  if (worker) judgeMemory(facts, needs, say);
  judgeDisk(facts, needs, say);
  judgeModules(facts, needs, say);
  if (worker) judgeSystem(facts, needs, options.existingCluster, say);
  return checks;
}

type Say = (id: string, status: CheckStatus, seen: string, fix?: string) => void;

function judgeGpus(
  { gpus, gpuProcesses, gpusWithNvlink }: NodeFacts,
  needs: NodeNeeds,
  say: Say,
): void {
  const names = [...new Set(gpus.map(({ name }) => name))].join(", ");
  if (gpus.length < needs.gpusPerNode) {
    const none = gpus.length === 0 ? "nvidia-smi lists none" : `${gpus.length} × ${names}`;
    say(
      "gpu-count",
      "error",
      `${none}, ${needs.gpusPerNode} are needed`,
      "Use a node that has them, or change cluster.* of the recipe.",
    );
    return;
  }
  say("gpu-count", "ok", `${gpus.length} × ${names}, driver ${gpus[0]?.driver ?? "?"}`);
  const smallest = Math.min(...gpus.map(({ memoryMib }) => memoryMib ?? 0)) * MIB;
  const enough = smallest >= needs.gpuBytes;
  say(
    "gpu-memory",
    enough ? "ok" : "error",
    `${formatBytes(smallest)} a GPU, the plan is made for ${formatBytes(needs.gpuBytes)}`,
    enough ? undefined : "Set cluster.gpuType to what is there, and look at --render plan.",
  );
  const old = gpus.find(
    ({ computeCapability }) => !(Number.parseFloat(computeCapability) >= LEAST_CAPABILITY),
  );
  if (old !== undefined)
    say(
      "gpu-architecture",
      "error",
      `compute capability ${old.computeCapability}, ${LEAST_CAPABILITY}.0 is needed`,
      "bfloat16 training needs Ampere or newer.",
    );
  const busy = gpus.filter(({ usedMib }) => (usedMib ?? 0) > IDLE_GPU_MIB);
  const owners = gpuProcesses.map(({ pid, name }) => `${pid ?? "?"} ${name}`).join(", ");
  if (busy.length > 0)
    say(
      "gpu-busy",
      "error",
      `${busy.map(({ index, usedMib }) => `GPU ${index ?? "?"}: ${formatBytes((usedMib ?? 0) * MIB)} used`).join(", ")}${owners === "" ? "" : ` by ${owners}`}`,
      "Wait for these processes, or end them if they are yours: nothing is killed here.",
    );
  if (gpusWithNvlink !== null && gpus.length > 1) {
    const all = gpusWithNvlink >= gpus.length;
    say(
      "gpu-nvlink",
      all ? "ok" : "warning",
      `${gpusWithNvlink} of ${gpus.length} GPUs have NVLink`,
      all ? undefined : "Tensor parallelism over PCIe is slow; set runtime.nvls=off.",
    );
  }
}

function judgeMemory({ memory, sharedMemory }: NodeFacts, needs: NodeNeeds, say: Say): void {
  const room = Math.min(memory.available ?? 0, memory.limit ?? Number.POSITIVE_INFINITY);
  const status = room < needs.hostBytes ? "error" : room < needs.hostHigh ? "warning" : "ok";
  say(
    "host-memory",
    status,
    `${formatBytes(room)} available${memory.limit === null ? "" : " (limit of the container)"}, likely need ${formatBytes(needs.hostBytes)}, at most ${formatBytes(needs.hostHigh)}`,
    status === "ok"
      ? undefined
      : "Free memory, lower optimizer.offloadFraction, or use nodes with more: --render plan has the parts.",
  );
  const shared = sharedMemory.free ?? 0;
  const level =
    shared < SHARED_MEMORY_LEAST ? "error" : shared < SHARED_MEMORY_GOOD ? "warning" : "ok";
  say(
    "shared-memory",
    level,
    `/dev/shm has ${formatBytes(shared)} free`,
    level === "ok" ? undefined : "Start the container with --ipc=host or --shm-size=64g.",
  );
}

function judgeDisk({ paths }: NodeFacts, needs: NodeNeeds, say: Say): void {
  for (const { field, path } of needs.paths) {
    const there = paths.find((found) => found.path === path)?.exists ?? false;
    say(
      `path:${field}`,
      there ? "ok" : "error",
      there ? path : `${path} is not there`,
      there
        ? undefined
        : "Fetch or convert it to this place, or correct the field; every node must see it.",
    );
  }
  const save = paths.find(({ path }) => path === needs.save);
  if (save === undefined) return;
  const free = save.free ?? 0;
  const status =
    !save.writable || free < needs.perSaveBytes
      ? "error"
      : free < needs.keptBytes
        ? "warning"
        : "ok";
  say(
    "disk-save",
    status,
    save.writable
      ? `${save.path} has ${formatBytes(free)} free; a save takes ${formatBytes(needs.perSaveBytes)}, all that stay ${formatBytes(needs.keptBytes)}`
      : `${save.path} cannot be written`,
    status === "ok"
      ? undefined
      : "Use a larger disk, or keep fewer with checkpoint.saveRetainInterval.",
  );
}

function judgeModules({ modules, python }: NodeFacts, needs: NodeNeeds, say: Say): void {
  for (const { name, because } of needs.modules) {
    const found = modules.find((module) => module.name === name);
    if (found?.found !== true) {
      say(
        `module:${name}`,
        "error",
        `${python.executable} has no ${name}${because === undefined ? "" : `, which ${because} needs`}`,
        "Install it there, or name another interpreter in launch.python.",
      );
      continue;
    }
    const parts = [found.version, found.commit?.slice(0, 8), found.location].filter(
      (part) => part != null,
    );
    const foreign =
      name === "miles" && found.commit != null && !found.commit.startsWith(REFERENCE_COMMIT);
    say(
      `module:${name}`,
      foreign ? "warning" : "ok",
      parts.join(", "),
      foreign
        ? `The rules were made for miles at ${REFERENCE_COMMIT}: another version may take or refuse other flags.`
        : undefined,
    );
  }
}

function judgeSystem(facts: NodeFacts, needs: NodeNeeds, existingCluster: boolean, say: Say): void {
  const { limits, ports, processes, cpus, user, ray } = facts;
  // miles asks for one CPU with each GPU in its placement group, and waits without end where Ray has fewer.
  const seen = ray?.CPU ?? cpus;
  say(
    "cpu-count",
    seen < needs.gpusPerNode ? "error" : "ok",
    `${seen} CPUs for ${needs.gpusPerNode} GPUs`,
    seen < needs.gpusPerNode
      ? "The placement group takes one CPU with each GPU and would wait for ever: start Ray with --num-cpus."
      : undefined,
  );
  const open = limits.openFiles;
  const few = open !== null && open < OPEN_FILES;
  say(
    "limit-open-files",
    few ? "warning" : "ok",
    open === null ? "unlimited" : `${open} open files`,
    few ? `Raise it: ulimit -n ${OPEN_FILES}.` : undefined,
  );
  if (needs.nodes > 1 && limits.lockedMemory !== null)
    say(
      "limit-locked-memory",
      "warning",
      `${formatBytes(limits.lockedMemory)} of locked memory`,
      "InfiniBand registers memory: ulimit -l unlimited.",
    );
  if (existingCluster) return;
  for (const { port, taken } of ports)
    say(
      `port:${port}`,
      taken ? "error" : "ok",
      taken ? `${port} is taken` : `${port} is free`,
      taken
        ? "If that is Ray, use it with RAY_ADDRESS; else change launch.rayPort or launch.dashboardPort."
        : undefined,
    );
  const mine = processes.filter((process_) => process_.user === user).length;
  if (processes.length > 0)
    say(
      "processes",
      "warning",
      `${processes.length} of Ray, SGLang or miles (${mine} of this user): ${processes
        .slice(0, 6)
        .map(({ pid, command }) => `${pid} ${command.slice(0, 40)}`)
        .join("; ")}${processes.length > 6 ? "; …" : ""}`,
      "Left over, or somebody's run: look at them, and end those that are yours. Nothing is killed here.",
    );
}
