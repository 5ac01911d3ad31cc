import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Workspace } from "../workspace/workspace.ts";
import type { PlannedStage } from "./plan-stage.ts";

/** What a whole plan comes to. */
export interface PlanTotals {
  /** Bytes that are read, sent or received, as far as the stages say. */
  readonly bytes: number;
  readonly diskBytes: number;
  /** Free on the workspace's disk; undefined where nobody can tell. */
  readonly freeBytes?: number;
  /** Seconds of the stages whose time is known. */
  readonly seconds: number;
  /** Ids of the stages that would run, or may, and whose time is not known. */
  readonly unknown: readonly string[];
}

export async function planTotals(
  workspace: Workspace,
  stages: readonly PlannedStage[],
): Promise<PlanTotals> {
  const work = stages.filter(({ status }) => status !== "hit");
  const actions = work.flatMap((stage) => stage.actions ?? []);
  const sum = (values: readonly (number | undefined)[]): number =>
    values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const freeBytes = await freeSpace(workspace.root);
  return {
    bytes: sum(actions.map(({ bytes }) => bytes)),
    diskBytes: sum(actions.map(({ diskBytes }) => diskBytes)),
    ...(freeBytes === undefined ? {} : { freeBytes }),
    seconds: sum(work.map(({ predictedSeconds }) => predictedSeconds)),
    unknown: work
      .filter(({ predictedSeconds }) => predictedSeconds === undefined)
      .map(({ id }) => id),
  };
}

/** Of the disk that holds a folder, or would once it is there. */
async function freeSpace(folder: string): Promise<number | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch {
      if (dirname(at) === at) return undefined;
    }
  }
}
