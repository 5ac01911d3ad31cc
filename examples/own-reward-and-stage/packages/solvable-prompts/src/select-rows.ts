import { createReadStream } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { canonicalJson, throwIfAborted, VerificationError, type Json } from "@moonlight-rl/core";
import { readSamples } from "@moonlight-rl/eval";
import type { StageContext } from "@moonlight-rl/pipeline";
import { z } from "zod";
import type { Input, Output } from "./input.ts";

const rowSchema = z.looseObject({ label: z.json() });

/** How a policy did on one problem. */
interface Solved {
  readonly label: Json;
  right: number;
  all: number;
}

/** Copies the rows whose solve rate is within the bounds, byte for byte, and publishes them as a dataset. */
export async function selectRows(input: Input, context: StageContext): Promise<Output> {
  const { data, dataFile, result, least, most } = input;
  const problems = await solvedProblems(join(result.path, "samples.ndjson"));
  const file = join(data.path, dataFile);
  const rows: string[] = [];
  let looked = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    throwIfAborted(context.signal);
    const solved = problems.get(looked);
    if (solved === undefined) break;
    checkLabel(line, solved, file, looked++);
    const rate = solved.right / solved.all;
    if (rate >= least && rate <= most) rows.push(line);
  }
  if (rows.length === 0)
    throw new VerificationError(
      "PROMPTS_NONE_LEFT",
      `None of ${looked} prompts has a solve rate from ${least} to ${most}.`,
      { field: "least", hint: "Widen the bounds, or evaluate more samples of each prompt." },
    );
  context.emit({
    type: "log",
    message: `${rows.length} of ${looked} prompts are solved in ${least} to ${most} of the tries`,
  });
  const folder = join(context.scratch, "dataset");
  // A run that was killed may have left a part of it.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await writeFile(join(folder, basename(dataFile)), `${rows.join("\n")}\n`);
  return {
    data: await context.publish("hf-dataset", folder, { meta: { rows: rows.length, least, most } }),
    looked,
    kept: rows.length,
  };
}

async function solvedProblems(samples: string): Promise<Map<number, Solved>> {
  const problems = new Map<number, Solved>();
  for await (const { problem, label, outcome } of readSamples(samples)) {
    const solved = problems.get(problem) ?? { label, right: 0, all: 0 };
    solved.all++;
    if (outcome === "correct") solved.right++;
    problems.set(problem, solved);
  }
  return problems;
}

/** A result of other data would choose rows at random, without a word. */
function checkLabel(line: string, { label }: Solved, file: string, row: number): void {
  const parsed = rowSchema.safeParse(JSON.parse(line));
  if (parsed.success && canonicalJson(parsed.data.label) === canonicalJson(label)) return;
  throw new VerificationError("PROMPTS_MISMATCH", `Row ${row} is not the one that was evaluated.`, {
    file,
    field: "result",
    hint: "Evaluate the first rows of this very file.",
  });
}
