import { existsSync } from "node:fs";
import { join } from "node:path";
import { HISTORY_FILE, readNdjson, UsageError } from "@moonlight-rl/core";
import { readSamples } from "@moonlight-rl/eval";
import { readRunEvents, type Workspace } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { runArtifacts } from "./run-artifacts.ts";
import { runSampleSchema, type RunSample } from "./sample-schema.ts";

export const SAMPLE_STAGES = ["train", "eval-base", "eval-trained"] as const;
export type SampleStage = (typeof SAMPLE_STAGES)[number];

/** All samples of a run's stages, one in memory at a time. */
export async function* runSamples(
  workspace: Workspace,
  id: string,
  stages: readonly SampleStage[] = SAMPLE_STAGES,
): AsyncGenerator<RunSample> {
  const artifactOf = await runArtifacts(workspace, id);
  for (const stage of stages) {
    if (stage === "train") {
      const trained = await artifactOf("train", "checkpoint");
      const history = trained === undefined ? undefined : join(trained.path, HISTORY_FILE);
      // While training is under way, only the events have them.
      yield* history !== undefined && existsSync(history)
        ? rolloutsOf(readNdjson(history))
        : rolloutsOf(readRunEvents(workspace, id));
      continue;
    }
    const result = await artifactOf(stage, "result");
    if (result === undefined) continue;
    let number = 0;
    for await (const sample of readSamples(join(result.path, "samples.ndjson"))) {
      const { problem, label, reasoning: _, finishReason: __, sample: index, ...rest } = sample;
      yield {
        ...rest,
        id: `${stage}/${number++}`,
        stage,
        step: 0,
        group: problem,
        index,
        label: typeof label === "string" ? label : JSON.stringify(label),
      };
    }
  }
}

/** A sample as the history and the event stream have it. */
const rolloutSchema = runSampleSchema
  .omit({ id: true, stage: true, extracted: true, tokens: true })
  .extend({ phase: z.enum(["rollout", "eval"]) });

async function* rolloutsOf(rows: AsyncIterable<unknown>): AsyncGenerator<RunSample> {
  let number = 0;
  for await (const row of rows) {
    if ((row as { readonly type?: unknown }).type !== "sample") continue;
    const { phase, ...sample } = rolloutSchema.parse(row);
    if (phase === "rollout") yield { id: `train/${number++}`, stage: "train", ...sample };
  }
}

export interface SampleQuery {
  readonly stages?: readonly SampleStage[];
  readonly outcome?: readonly string[];
  readonly step?: number;
  /** Largest first, or with a leading "-" smallest first; default: the order of the files. */
  readonly sort?: "reward" | "-reward" | "length" | "-length" | undefined;
  readonly limit: number;
}

/** The samples that a query asks for, and how many fit it; holds at most four times the limit. */
export async function querySamples(
  workspace: Workspace,
  id: string,
  { stages, outcome, step, sort, limit }: SampleQuery,
): Promise<{ readonly samples: readonly RunSample[]; readonly matched: number }> {
  let kept: RunSample[] = [];
  let matched = 0;
  const order = sort === undefined ? undefined : comparator(sort);
  for await (const sample of runSamples(workspace, id, stages)) {
    if (outcome !== undefined && !outcome.includes(sample.outcome)) continue;
    if (step !== undefined && sample.step !== step) continue;
    matched += 1;
    if (order === undefined && kept.length >= limit) continue;
    kept.push(sample);
    if (order !== undefined && kept.length >= 4 * limit) kept = kept.sort(order).slice(0, limit);
  }
  return { samples: (order === undefined ? kept : kept.sort(order)).slice(0, limit), matched };
}

function comparator(
  sort: NonNullable<SampleQuery["sort"]>,
): (a: RunSample, b: RunSample) => number {
  const sign = sort.startsWith("-") ? 1 : -1;
  const value = sort.endsWith("reward")
    ? ({ reward }: RunSample): number => reward
    : ({ response }: RunSample): number => response.length;
  return (a, b) => sign * (value(a) - value(b));
}

/** One sample by its id. Errors: `SAMPLE_UNKNOWN`. */
export async function findSample(
  workspace: Workspace,
  run: string,
  id: string,
): Promise<RunSample> {
  const stage = SAMPLE_STAGES.find((name) => id.startsWith(`${name}/`));
  if (stage !== undefined)
    for await (const sample of runSamples(workspace, run, [stage]))
      if (sample.id === id) return sample;
  throw new UsageError("SAMPLE_UNKNOWN", `Run ${run} has no sample ${id}.`, {
    field: "--show",
    hint: `The list without --show names them, for example eval-trained/0.`,
  });
}

/** Where the graded answer stands in a response: what was extracted, else the last \boxed{…}; undefined when there is none. */
export function gradedSpan({
  response,
  extracted,
}: RunSample): { readonly from: number; readonly to: number } | undefined {
  if (extracted === null) return undefined;
  if (extracted !== undefined && extracted !== "") {
    const from = response.lastIndexOf(extracted);
    if (from !== -1) return { from, to: from + extracted.length };
  }
  const box = response.lastIndexOf("\\boxed{");
  if (box === -1) return undefined;
  const from = box + "\\boxed{".length;
  let depth = 1;
  for (let at = from; at < response.length; at++) {
    if (response[at] === "{") depth += 1;
    if (response[at] === "}" && --depth === 0) return { from, to: at };
  }
  return undefined;
}
