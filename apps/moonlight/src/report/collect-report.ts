import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HISTORY_FILE, readNdjson, type Json } from "@moonlight-rl/core";
import { readRecipeFields } from "@moonlight-rl/dashboard/recipe";
import { gradedSampleSchema, readEvalResult } from "@moonlight-rl/eval";
import {
  readRun,
  readRunEvents,
  readRunJournal,
  runSeconds,
  type Artifact,
  type JournalEntry,
  type Workspace,
} from "@moonlight-rl/pipeline";
import { z } from "zod";
import { runArtifacts } from "../runs/run-artifacts.ts";
import type { Point } from "./line-chart.ts";
import type {
  ReportArtifact,
  ReportComparison,
  ReportData,
  ReportEvaluation,
  ReportSample,
  ReportStage,
} from "./report-data.ts";

/** Collects all that a report shows from a run's journal, events and artifacts. Works on unfinished runs as well. */
export async function collectReport(workspace: Workspace, id: string): Promise<ReportData> {
  const run = await readRun(workspace, id);
  const journal = await readRunJournal(workspace, id);
  const artifactOf = await runArtifacts(workspace, id);
  const before = await evaluationOf(await artifactOf("eval-base", "result"));
  const after = await evaluationOf(await artifactOf("eval-trained", "result"));
  const history = await historyOf(await artifactOf("train", "checkpoint"));
  const warnings: { code: string; message: string }[] = [];
  for await (const event of readRunEvents(workspace, id))
    if (event.type === "warning") warnings.push({ code: event.code, message: event.message });
  const { git } = run;
  return {
    run: run.id,
    pipeline: run.pipeline,
    started: run.started,
    seconds: runSeconds(run),
    environment: {
      ...run.versions,
      host: [run.host.name, run.host.cpu, `${run.host.platform} ${run.host.arch}`]
        .filter(Boolean)
        .join(", "),
      ...(git === undefined ? {} : { commit: `${git.commit}${git.dirty ? " with changes" : ""}` }),
    },
    recipe: await recipeFields(await artifactOf("rollout-config", "recipe")),
    stages: await Promise.all(
      journal.flatMap((entry) => (entry.type === "finished" ? [stageRow(workspace, entry)] : [])),
    ),
    evaluationName: after?.name ?? before?.name ?? "evaluation",
    base: before?.evaluation,
    trained: after?.evaluation,
    comparison: after?.comparison,
    ...history,
    warnings: [
      ...new Map(warnings.map((warning) => [warning.code + warning.message, warning])).values(),
    ],
  };
}

interface Evaluated {
  readonly name: string;
  readonly evaluation: ReportEvaluation;
  readonly comparison: ReportComparison | undefined;
}

async function evaluationOf(artifact: Artifact | undefined): Promise<Evaluated | undefined> {
  if (artifact === undefined) return undefined;
  const result = await readEvalResult(artifact.path);
  const samples: ReportSample[] = [];
  for await (const row of readNdjson(join(artifact.path, "samples.ndjson"))) {
    const sample = gradedSampleSchema.parse(row);
    if (sample.sample === 0)
      samples.push({
        ...sample,
        step: 0,
        prompt: questionOf(sample.prompt),
        label: text(sample.label),
      });
  }
  const { accuracy, comparison } = result;
  return {
    name: result.name,
    evaluation: {
      accuracy: accuracy.mean,
      interval: [accuracy.interval.low, accuracy.interval.high],
      problems: result.problems,
      samplesPerProblem: result.settings.nSamplesPerPrompt,
      closedShare: result.closedShare,
      truncatedShare: result.truncatedShare,
      passAtK: result.passAtK,
      samples,
    },
    comparison: comparison && {
      difference: comparison.difference,
      interval: [comparison.interval.low, comparison.interval.high],
      pValue: comparison.pValue,
    },
  };
}

const historyRow = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("metric"),
    step: z.number(),
    values: z.record(z.string(), z.union([z.number(), z.string()])),
  }),
  z.object({
    type: z.literal("sample"),
    phase: z.enum(["rollout", "eval"]),
    step: z.number(),
    prompt: z.string(),
    response: z.string(),
    label: z.string(),
    reward: z.number(),
    outcome: z.string(),
  }),
]);

/** Curves and sample rollouts from the history beside the trained checkpoint; so also of runs that reused the training. */
async function historyOf(
  trained: Artifact | undefined,
): Promise<Pick<ReportData, "curves" | "rollouts">> {
  const curves = new Map<string, Point[]>();
  const rollouts: ReportSample[] = [];
  const file = trained === undefined ? undefined : join(trained.path, HISTORY_FILE);
  if (file === undefined || !existsSync(file)) return { curves, rollouts };
  for await (const value of readNdjson(file)) {
    const row = historyRow.parse(value);
    if (row.type === "sample") {
      if (row.phase === "rollout") rollouts.push(row);
      continue;
    }
    for (const [name, metric] of Object.entries(row.values)) {
      const points = curves.get(name) ?? [];
      points.push({ step: row.step, value: Number(metric) });
      curves.set(name, points);
    }
  }
  return { curves, rollouts };
}

async function recipeFields(recipe: Artifact | undefined): Promise<ReportData["recipe"]> {
  if (recipe === undefined) return [];
  const fields = await readRecipeFields(recipe.path);
  return fields.map(({ field, value, source }) => ({ field, value: text(value), source }));
}

async function stageRow(
  workspace: Workspace,
  { id, reused, seconds, output, parts }: Extract<JournalEntry, { type: "finished" }>,
): Promise<ReportStage> {
  const artifacts = await Promise.all(
    references(output).map(async (artifact) => {
      const origin = await originOf(resolve(workspace.root, artifact.path));
      return origin === undefined ? artifact : { ...artifact, origin };
    }),
  );
  const inputs = references(parts?.input).map(({ kind, digest }) => ({ kind, digest }));
  return { name: id, state: reused ? "reused" : "ran", seconds, artifacts, inputs };
}

const manifestMeta = z.object({ meta: z.object({ repo: z.string(), commit: z.string() }) });

/** "org/name at 73366a08a9ba" of what was fetched; an artifact that is gone, or was made here, has none. */
async function originOf(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "manifest.json"), "utf8").catch(() => "null");
  const found = manifestMeta.safeParse(JSON.parse(text));
  if (!found.success) return undefined;
  return `${found.data.meta.repo} at ${found.data.meta.commit.slice(0, 12)}`;
}

const referenceSchema = z.object({
  $artifact: z.string(),
  digest: z.string(),
  /** Absent in keys: where an artifact lies does not matter to them. */
  path: z.string().default(""),
});

/** The artifacts within a value, each once. */
function references(value: unknown): ReportArtifact[] {
  const reference = referenceSchema.safeParse(value);
  if (reference.success) {
    const { $artifact: kind, digest, path } = reference.data;
    return [{ kind, digest, path }];
  }
  const found = typeof value === "object" && value !== null ? Object.values(value) : [];
  return [...new Map(found.flatMap(references).map((one) => [one.digest, one])).values()];
}

/** The user's question within a rendered chat prompt; a prompt of another form is shown whole. */
function questionOf(prompt: string): string {
  return /<\|im_user\|>user<\|im_middle\|>(.*?)<\|im_end\|>/s.exec(prompt)?.[1] ?? prompt;
}

function text(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
