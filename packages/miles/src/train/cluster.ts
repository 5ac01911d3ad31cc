import { existsSync } from "node:fs";
import { join } from "node:path";
import { PreflightError } from "@moonlight-rl/core";
import { startHead } from "../ray/head.ts";
import { RayJobs } from "../ray/jobs-client.ts";
import { rayEndpoint } from "../ray/ray-endpoint.ts";
import type { JobPlan } from "./job-plan.ts";
import { secretFiles } from "./secrets.ts";
import type { MilesTrainRequest } from "./train-request.ts";

/** Where the jobs of a run go. */
export interface Cluster {
  readonly jobs: RayJobs;
  readonly url: string;
  /** Variables that its jobs get beside the recipe's. */
  readonly env: Readonly<Record<string, string>>;
  readonly lostAfterMs: number;
  /** Started here: once silent it has ended, and another one can be started. */
  readonly own: boolean;
  /** Ray's file of a job's log, when it is on this machine. */
  logFile(submission: string): string | undefined;
  /** Lets all of it run on after this process. */
  leave(): void;
  /** Ends what was started here; a cluster of others stays as it is. */
  close(options: { readonly keepLogs: boolean }): Promise<void>;
}

const LOST_MS = 120_000;
/** A head on this machine that is silent for so long has ended. */
const OWN_LOST_MS = 20_000;

/** What opening a cluster takes of a request. */
export type ClusterRequest = Pick<MilesTrainRequest, "recipe" | "emit" | "signal" | "miles">;

/** The cluster that the settings name, or a head of our own. @throws RAY_UNREACHABLE, RAY_UNAUTHORIZED, RAY_HEAD_FAILED */
export async function openCluster(
  request: ClusterRequest,
  plan: JobPlan,
  stateDir: string,
): Promise<Cluster> {
  const { rayAddress } = request.miles ?? {};
  return rayAddress === undefined
    ? ownCluster(request, plan, stateDir)
    : runningCluster(rayAddress, request, plan, stateDir);
}

async function runningCluster(
  address: string,
  { emit, recipe, signal }: ClusterRequest,
  { launch }: JobPlan,
  stateDir: string,
): Promise<Cluster> {
  const jobs = new RayJobs(await rayEndpoint(address));
  const { ray_version: version } = await jobs.version(signal);
  const { url } = jobs.http.endpoint;
  emit({ type: "log", message: `Ray ${version} at ${url}` });
  if (launch.detectNvls)
    emit({
      type: "log",
      message:
        "NVLink SHARP is left off, since these machines cannot be looked at; runtime.nvls=on asks for it",
    });
  const { gpus, hosts } = await countGpus(jobs, signal);
  // More nodes may join later, so this is only said.
  if (gpus < launch.gpus)
    emit({
      type: "warning",
      code: "RAY_GPUS_SHORT",
      message: `the job takes ${launch.gpus} GPUs, and the cluster has ${gpus} (${hosts}): it would wait for them without end`,
      hint: "Look whether nodes are missing; an autoscaling cluster may add them.",
    });
  const { useWandb, wandbHost } = recipe.tracking;
  const secrets = await secretFiles(
    join(stateDir, "secrets"),
    useWandb ? hostOf(wandbHost ?? "api.wandb.ai") : undefined,
  );
  let left = false;
  return {
    jobs,
    url,
    env: { ...(launch.detectNvls ? { NCCL_NVLS_ENABLE: "0" } : {}), ...secrets.env },
    lostAfterMs: LOST_MS,
    own: false,
    logFile: () => undefined,
    leave: () => void (left = true),
    close: async () => {
      await jobs.close();
      if (!left) await secrets.remove();
    },
  };
}

async function ownCluster(
  { emit, recipe, signal }: ClusterRequest,
  { launch }: JobPlan,
  stateDir: string,
): Promise<Cluster> {
  const { python, milesPath } = recipe.launch;
  if (!existsSync(join(milesPath, "train.py")))
    throw new PreflightError("TRAIN_MILES_MISSING", `${milesPath} has no train.py.`, {
      field: "launch.milesPath",
      file: milesPath,
      hint: "Name the folder of miles with --miles, or a cluster that has it with --ray-address.",
    });
  const head = await startHead({ python, cwd: milesPath, stateDir, emit, signal });
  const jobs = new RayJobs(head.endpoint);
  const { gpus } = await countGpus(jobs, signal);
  if (gpus < launch.gpus) {
    await jobs.close();
    await head.stop();
    throw new PreflightError(
      "RAY_GPUS_MISSING",
      `The job takes ${launch.gpus} GPUs, and Ray finds ${gpus} on this machine.`,
      {
        field: "cluster.actorNumGpusPerNode",
        hint: "Name a cluster that has them with --ray-address, or set the recipe's cluster fields to this machine.",
      },
    );
  }
  let left = false;
  return {
    jobs,
    url: head.endpoint.url,
    env: launch.detectNvls ? { NCCL_NVLS_ENABLE: (await hasNvlink()) ? "1" : "0" } : {},
    lostAfterMs: OWN_LOST_MS,
    own: true,
    logFile: (submission) => head.logFile(submission),
    leave: () => {
      left = true;
      head.leave();
    },
    close: async (options) => {
      await jobs.close();
      if (left) return;
      await head.stop(options);
      if (options.keepLogs)
        emit({ type: "log", message: `Ray's own logs are kept in ${head.tempDir}` });
    },
  };
}

async function countGpus(
  jobs: RayJobs,
  signal: AbortSignal,
): Promise<{ gpus: number; hosts: string }> {
  const nodes = await jobs.nodes(signal);
  return {
    gpus: nodes.reduce((sum, node) => sum + node.gpus, 0),
    hosts: nodes.map(({ host, gpus }) => `${host}: ${gpus}`).join(", "),
  };
}

/** As the reference's launcher asks: links named NV<n> between GPUs. */
async function hasNvlink(): Promise<boolean> {
  const { execa } = await import("execa");
  const { stdout } = await execa("nvidia-smi", ["topo", "-m"], { reject: false, timeout: 30_000 });
  return /NV\d+/.test(stdout ?? "");
}

function hostOf(address: string): string {
  return address.replace(/^https?:\/\//, "").replace(/[:/].*$/, "");
}
