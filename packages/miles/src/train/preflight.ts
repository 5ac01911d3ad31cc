import { PreflightError, type Emit } from "@moonlight-rl/core";
import { judgeNodes } from "../probe/check-cluster.ts";
import type { NodeCheck } from "../probe/judge-node.ts";
import { nodeNeeds, questionsOf } from "../probe/needs.ts";
import { probeByJob } from "../probe/probe-job.ts";
import { runProbe } from "../probe/run-probe.ts";
import { openCluster, type Cluster, type ClusterRequest } from "./cluster.ts";
import type { JobPlan } from "./job-plan.ts";
import type { RunRecord } from "./run-record.ts";

/**
 * A cluster whose machines have what the job needs, looked at before a job is submitted; one that is to be followed has its
 * GPUs already.
 *
 * @throws PreflightError TRAIN_PREFLIGHT, and what `openCluster` throws
 */
export async function openChecked(
  request: ClusterRequest,
  plan: JobPlan,
  stateDir: string,
  { submitted }: Pick<RunRecord, "submitted">,
): Promise<Cluster> {
  const { preflight = "require", rayAddress } = request.miles ?? {};
  const look = preflight !== "off" && !submitted;
  // A head of our own is one more process on this machine, and takes ports that are free then.
  if (look && rayAddress === undefined) await checkHere(request, plan);
  const cluster = await openCluster(request, plan, stateDir);
  if (!look || rayAddress === undefined) return cluster;
  try {
    await checkThere(request, plan, cluster);
    return cluster;
  } catch (error) {
    await cluster.close({ keepLogs: false });
    throw error;
  }
}

async function checkHere(request: ClusterRequest, { launch, hfConfig }: JobPlan): Promise<void> {
  const { recipe, signal } = request;
  const needs = { ...nodeNeeds(launch, hfConfig), ports: [] };
  const { python } = recipe.launch;
  const nodes = await runProbe(questionsOf(needs, recipe), { python, signal });
  judged(judgeNodes(nodes, needs, { existingCluster: false }), request);
}

async function checkThere(
  request: ClusterRequest,
  { launch, hfConfig }: JobPlan,
  { jobs }: Cluster,
): Promise<void> {
  const { recipe, signal } = request;
  const needs = { ...nodeNeeds(launch, hfConfig), ports: [] };
  const nodes = await probeByJob(jobs, questionsOf(needs, recipe), recipe.launch.python, signal);
  const checks = judgeNodes(nodes, needs, { existingCluster: true });
  // More nodes may join later; that they are missing now has been said already.
  judged(
    checks.filter(({ id }) => id !== "cluster-gpus"),
    request,
  );
}

function judged(checks: readonly NodeCheck[], { emit, miles }: ClusterRequest): void {
  const errors = checks.filter(({ status }) => status === "error");
  const required = (miles?.preflight ?? "require") === "require";
  for (const check of checks)
    if (check.status === "warning" || (check.status === "error" && !required)) warn(check, emit);
  const [first] = errors;
  if (first === undefined || !required) return;
  const list = errors.map(({ host, id, seen }) => `${host}: ${id}: ${seen}`).join("; ");
  throw new PreflightError("TRAIN_PREFLIGHT", `The machines lack what the job needs: ${list}.`, {
    field: first.id,
    hint: `${first.fix ?? ""} moonlight doctor lists all; --preflight warn submits all the same.`.trim(),
  });
}

function warn({ host, id, seen, fix }: NodeCheck, emit: Emit): void {
  emit({
    type: "warning",
    code: "TRAIN_PREFLIGHT",
    message: `${host}: ${id}: ${seen}`,
    ...(fix === undefined ? {} : { hint: fix }),
  });
}
