import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "@moonlight-rl/core";
import type { GradedSample } from "./graded-sample.ts";
import type { EvalResult } from "./result.ts";

/** Folder contents are a function of the input alone: no times, no host. */
export async function writeResult(
  folder: string,
  result: EvalResult,
  samples: readonly GradedSample[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeJsonAtomic(join(folder, "results.json"), result);
  const rows = samples.map((sample) => `${JSON.stringify(sample)}\n`).join("");
  await writeFileAtomic(join(folder, "samples.ndjson"), rows);
}
