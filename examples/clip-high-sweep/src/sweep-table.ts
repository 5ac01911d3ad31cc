import { join } from "node:path";
import { formatPercent, formatTable, HISTORY_FILE, readNdjson } from "@moonlight-rl/core";
import { readEvalResult, renderComparison } from "@moonlight-rl/eval";
import type { Artifact } from "@moonlight-rl/pipeline";
import { z } from "zod";

export interface SweepPoint {
  readonly clipHigh: number;
  readonly checkpoint: Artifact<"torch-dist">;
  readonly result: Artifact<"eval-result">;
}

/** A row for each value: the policy's accuracy, what it gained, and how often the bound was reached. */
export async function sweepTable(points: readonly SweepPoint[]): Promise<string> {
  const rows = points.map(async ({ clipHigh, checkpoint, result }) => {
    const { accuracy, comparison } = await readEvalResult(result.path);
    return [
      String(clipHigh),
      formatPercent(accuracy.mean),
      formatPercent(await clippedShare(checkpoint.path)),
      comparison === undefined ? "" : renderComparison(comparison),
    ];
  });
  return formatTable(
    [
      { title: "clip-high", align: "right" },
      { title: "accuracy", align: "right" },
      { title: "clipped", align: "right" },
      { title: "against the base" },
    ],
    await Promise.all(rows),
  );
}

const stepSchema = z.object({ values: z.object({ "train/pg_clipfrac": z.number() }) });

/** The mean share of tokens whose ratio was clipped, over all optimizer steps of a training. */
async function clippedShare(checkpoint: string): Promise<number> {
  const shares: number[] = [];
  for await (const line of readNdjson(join(checkpoint, HISTORY_FILE))) {
    const step = stepSchema.safeParse(line);
    if (step.success) shares.push(step.data.values["train/pg_clipfrac"]);
  }
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
