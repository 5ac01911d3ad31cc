import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { z } from "zod";
import { assetsDirectory, MODEL } from "./assets.ts";

const fileSchema = z.object({
  path: z.string(),
  /** Lower-case hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Bytes. */
  size: z.int().positive(),
});
/** A file as it was made; `path` is relative to `assetsDirectory`. */
export type AssetDigest = z.output<typeof fileSchema>;

const part = { command: z.string(), files: z.array(fileSchema).min(1) };
const count = z.int().positive();
const share = z.number().min(0).max(1);

/** `provenance.json` of the assets: what a seed makes byte for byte. */
const dataSchema = z.object({
  datasets: z.object({
    ...part,
    seed: z.int().nonnegative(),
    /** Problems of the three purposes; no pair of operands is in two of them. */
    problems: z.object({ evaluation: count, training: count, pretraining: count }),
  }),
  tokenizer: z.object({ ...part, vocabulary: count }),
});

const measurementSchema = z.object({
  problems: count,
  samplesPerProblem: count,
  temperature: z.number().min(0),
  /** Share of samples that are right. */
  accuracy: share,
  /** Share of samples that hold a closed `\boxed{…}`. */
  answered: share,
});

/** `provenance.json` of the model. */
const modelSchema = z.looseObject({
  ...part,
  method: z.string(),
  parameters: count,
  settings: z.looseObject({ seed: z.int().nonnegative(), mistakeShare: share }),
  result: z.looseObject({
    steps: count,
    /** Rows of the corpus that were trained on. */
    rows: count,
    sampled: measurementSchema,
    greedy: measurementSchema,
  }),
});

/** How the bundled assets were made, and the digest of every file. */
export type Provenance = z.output<typeof dataSchema> & {
  readonly model: z.output<typeof modelSchema>;
};

/** Reads both provenance files. A file that is not what was published is a `UsageError` that names the field. */
export async function loadProvenance(assets: string = assetsDirectory): Promise<Provenance> {
  const repository = `models/${MODEL}`;
  const [data, model] = await Promise.all([
    readJson(join(assets, "provenance.json"), dataSchema, { what: "provenance of the data" }),
    readJson(join(assets, repository, "provenance.json"), modelSchema, {
      what: "provenance of the model",
    }),
  ]);
  const files = model.files.map((file) => ({ ...file, path: `${repository}/${file.path}` }));
  return { ...data, model: { ...model, files } };
}
