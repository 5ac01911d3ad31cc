import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import {
  isAlive,
  PreflightError,
  processStart,
  removePath,
  throwIfAborted,
  type Emit,
} from "@moonlight-rl/core";
import { endHead } from "./end-head.ts";
import { freePorts } from "./free-ports.ts";
import { HEAD_MARK, readHeadRecord, writeHeadRecord, type HeadRecord } from "./head-record.ts";
import { RayJobs } from "./jobs-client.ts";
import { pauseFor } from "./pause.ts";
import { rayUrl, type RayEndpoint } from "./ray-endpoint.ts";

export interface HeadOptions {
  /** The interpreter that has Ray. */
  readonly python: string;
  /** Working folder of the head, and so of its jobs. */
  readonly cwd: string;
  /** Where the record of the head is kept; one head for each. */
  readonly stateDir: string;
  /** GPUs that Ray is told; default: those that it finds. */
  readonly gpus?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** How long the head may take until it answers. Default 2 min. */
  readonly readyMs?: number;
}

/** A Ray head that we started, or an earlier process of ours did. */
export interface RayHead {
  readonly endpoint: RayEndpoint;
  /** Its folder, with its logs. */
  readonly tempDir: string;
  /** Whether it ran already. */
  readonly adopted: boolean;
  /** Where it writes the log of a job. */
  logFile(submissionId: string): string;
  /** Ends every process of it and removes its folder, unless its logs are to be kept; waits until they are gone. */
  stop(options?: { readonly keepLogs?: boolean }): Promise<void>;
  /** Lets it run on after this process. */
  leave(): void;
}

const RECORD = "ray-head.json";
const READY_MS = 120_000;

/**
 * The head of `stateDir`: the one that runs already, or a new one. It listens for jobs on loopback and takes them only with a
 * token that no other user can read (Ray from 2.52 on), has ports and a temp folder of its own, and touches no other Ray.
 * What a dead head has left is removed first.
 *
 * @throws PreflightError RAY_HEAD_FAILED with what Ray said
 */
export async function startHead(options: HeadOptions): Promise<RayHead> {
  const { stateDir, emit } = options;
  await mkdir(stateDir, { recursive: true });
  const earlier = await readHeadRecord(join(stateDir, RECORD));
  if (earlier !== undefined) {
    if (earlier.host !== hostname())
      throw new PreflightError(
        "RAY_HEAD_ELSEWHERE",
        `A Ray head for this run was started on ${earlier.host}.`,
        {
          file: join(stateDir, RECORD),
          hint: `Continue on ${earlier.host}; if that machine is gone, delete the file.`,
        },
      );
    const head = await adopt(earlier, options);
    if (head !== undefined) return head;
    const left = await endHead(earlier);
    await removePath(earlier.tempDir);
    emit({
      type: "log",
      message: `an earlier Ray head of this run is gone; ${left} of its processes were ended, its folder ${earlier.tempDir} removed`,
    });
  }
  return create(options);
}

async function adopt(record: HeadRecord, options: HeadOptions): Promise<RayHead | undefined> {
  const { pid, start } = record;
  if (pid === undefined || start === undefined || !(await isAlive(pid, start))) return undefined;
  const endpoint = await endpointOf(record).catch(() => undefined);
  if (endpoint === undefined || !(await answers(endpoint, options.signal))) return undefined;
  options.emit({
    type: "log",
    message: `the Ray head of this run is still there: ${endpoint.url}`,
  });
  return handle(record, endpoint, true, options);
}

async function create(options: HeadOptions): Promise<RayHead> {
  const { python, cwd, stateDir, emit, signal } = options;
  const [port, dashboardPort = 0, client, agent, agentGrpc] = await freePorts(5);
  const { execa } = await import("execa");
  // Ray puts Unix sockets into it, whose paths may have 107 bytes.
  const tempDir = await mkdtemp(join(tmpdir(), "moon-ray-"));
  const tokenFile = join(tempDir, "token");
  await writeFile(tokenFile, randomBytes(32).toString("hex"), { mode: 0o600 });
  const record: HeadRecord = {
    mark: randomBytes(12).toString("hex"),
    host: hostname(),
    dashboardPort,
    tempDir,
    tokenFile,
  };
  const file = join(stateDir, RECORD);
  await writeHeadRecord(file, record);
  // A file of the child itself: a pipe would break when we are killed.
  const log = createWriteStream(join(tempDir, "head.log"), { flags: "a" });
  await once(log, "open");
  const { RAY_ADDRESS: _, ...inherited } = process.env;
  const child = execa(
    python,
    [
      "-m",
      "ray.scripts.scripts",
      "start",
      "--head",
      "--block",
      "--disable-usage-stats",
      "--node-ip-address=127.0.0.1",
      `--port=${port}`,
      `--temp-dir=${tempDir}`,
      "--dashboard-host=127.0.0.1",
      `--dashboard-port=${dashboardPort}`,
      `--ray-client-server-port=${client}`,
      `--dashboard-agent-listen-port=${agent}`,
      `--dashboard-agent-grpc-port=${agentGrpc}`,
      ...(options.gpus === undefined ? [] : [`--num-gpus=${options.gpus}`]),
    ],
    {
      cwd,
      env: {
        ...inherited,
        ...options.env,
        RAY_AUTH_MODE: "token",
        RAY_AUTH_TOKEN_PATH: tokenFile,
        [HEAD_MARK]: record.mark,
      },
      extendEnv: false,
      stdin: "ignore",
      stdout: log,
      stderr: log,
      // A group of its own: a Ctrl-C at the terminal is ours to answer; and it outlives kill -9 of us, to be found again.
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
    },
  );
  log.destroy();
  child.unref();
  const { pid } = child;
  if (pid !== undefined) {
    record.pid = pid;
    record.start = await processStart(pid);
    await writeHeadRecord(file, record);
  }
  try {
    const endpoint = await endpointOf(record);
    await waitUntilReady(record, endpoint, options);
    emit({ type: "log", message: `started a Ray head: ${endpoint.url} (temp folder ${tempDir})` });
    if (await answers({ ...endpoint, headers: {} }, signal))
      emit({
        type: "warning",
        code: "RAY_HEAD_OPEN",
        message:
          "This Ray does not ask for tokens: every user of this machine can run commands as you while it is up.",
        hint: "Install ray 2.52 or later on a machine that you share.",
      });
    return handle(record, endpoint, false, options);
  } catch (error) {
    await endHead(record);
    await removePath(file);
    await removePath(tempDir);
    throw error;
  }
}

async function endpointOf(record: HeadRecord): Promise<RayEndpoint> {
  const token = (await readFile(record.tokenFile, "utf8")).trim();
  return {
    url: rayUrl(`127.0.0.1:${record.dashboardPort}`),
    headers: { authorization: `Bearer ${token}` },
  };
}

async function answers(endpoint: RayEndpoint, signal: AbortSignal): Promise<boolean> {
  const jobs = new RayJobs(endpoint, { timeoutMs: 5_000, budgetMs: 0 });
  try {
    // Not the version, which is there first: the node takes jobs once it has registered.
    return (await jobs.nodes(signal)).length > 0;
  } catch {
    throwIfAborted(signal);
    return false;
  } finally {
    await jobs.close();
  }
}

async function waitUntilReady(
  { pid, start, tempDir }: HeadRecord,
  endpoint: RayEndpoint,
  { python, signal, readyMs = READY_MS }: HeadOptions,
): Promise<void> {
  const deadline = performance.now() + readyMs;
  for (;;) {
    const alive = pid !== undefined && start !== undefined && (await isAlive(pid, start));
    if (alive && (await answers(endpoint, signal))) return;
    if (!alive || performance.now() > deadline) {
      const said = await readFile(join(tempDir, "head.log"), "utf8").catch(() => "");
      const tail = said.trim().split("\n").slice(-8).join("\n");
      throw new PreflightError(
        "RAY_HEAD_FAILED",
        `${alive ? `The Ray head does not answer after ${readyMs / 1000} s` : "The Ray head ended at once"}${tail === "" ? "" : `:\n${tail}`}`,
        {
          field: "python",
          hint:
            /No module named|not found|ENOENT|bad option/.test(said) || pid === undefined
              ? `${python} has no Ray: name the interpreter that has it with --python, or a running cluster with --ray-address.`
              : /\s/.test(python)
                ? "Ray starts none of its processes from a path with a space: give --python another path, without one."
                : "Or name a running cluster with --ray-address.",
        },
      );
    }
    await pauseFor(500, signal);
  }
}

function handle(
  record: HeadRecord,
  endpoint: RayEndpoint,
  adopted: boolean,
  { stateDir }: HeadOptions,
): RayHead {
  // A second Ctrl-C ends this process at once: the head is told to end on the way out.
  const onExit = (): void => {
    try {
      if (record.pid !== undefined) process.kill(record.pid, "SIGTERM");
    } catch {
      // It was faster.
    }
  };
  process.on("exit", onExit);
  const leave = (): void => void process.off("exit", onExit);
  return {
    endpoint,
    tempDir: record.tempDir,
    adopted,
    leave,
    logFile: (id) => join(record.tempDir, "session_latest", "logs", `job-driver-${id}.log`),
    stop: async ({ keepLogs = false } = {}) => {
      leave();
      await endHead(record);
      await removePath(join(stateDir, RECORD));
      await (keepLogs ? removePath(record.tokenFile) : removePath(record.tempDir));
    },
  };
}
