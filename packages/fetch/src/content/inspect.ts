import { join } from "node:path";
import type { JsonObject, StageContext } from "@moonlight-rl/pipeline";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import { checkDataset, type DatasetReport } from "./check-dataset.ts";
import { checkConfig, checkIndex, checkWeights } from "./check-model.ts";
import { checkTokenizer } from "./tokenizer.ts";

/** A folder whose bytes are right, and what it should be. */
export interface Subject {
  readonly folder: string;
  /** For messages. */
  readonly repo: string;
  /** Of a dataset; absent for a model. */
  readonly dataFile?: string | undefined;
  /** Whether safetensors are among a model's files. */
  readonly weights: boolean;
}

export function hasWeights(files: readonly { readonly path: string }[]): boolean {
  return files.some(({ path }) => path.endsWith(".safetensors"));
}

/** Checks a model as a model and a dataset as a dataset; returns what its artifact says about it. */
export async function inspectContent(
  { folder, repo, dataFile, weights }: Subject,
  { signal, emit }: Pick<StageContext, "signal" | "emit">,
  tokenizer: Tokenizer | undefined,
): Promise<{ meta: JsonObject; tokenizer?: Tokenizer | undefined }> {
  if (dataFile !== undefined) {
    const report = await checkDataset([join(folder, dataFile)], { signal, emit, tokenizer });
    tellDataset(repo, report, emit);
    const { rows, duplicates, falsyLabels } = report;
    // Lengths depend on the model's tokenizer, so they are told and not kept.
    return { meta: { dataFile, rows, duplicates, falsyLabels } };
  }
  const config = await checkConfig(folder);
  await checkIndex(folder, config);
  const checked = await checkTokenizer(folder, config.vocab_size, emit);
  if (!weights)
    emit({
      type: "warning",
      code: "MODEL_WITHOUT_WEIGHTS",
      message: `${repo}: no safetensors are among the files fetched`,
      hint: "Widen --allow to train or evaluate this model.",
    });
  const meta = weights ? { ...(await checkWeights(folder)) } : { tensors: 0, bytes: 0 };
  return { meta, tokenizer: checked?.tokenizer };
}

function tellDataset(repo: string, report: DatasetReport, emit: StageContext["emit"]): void {
  const { rows, duplicates, falsyLabels, promptTokens } = report;
  if (falsyLabels > 0)
    emit({
      type: "warning",
      code: "DATASET_FALSY_LABELS",
      message: `${repo}: ${falsyLabels} of ${rows} rows have the label 0, "" or false`,
      hint: "The reference's math grader scores every answer to them as wrong: write such labels as text.",
    });
  if (duplicates > 0)
    emit({
      type: "warning",
      code: "DATASET_DUPLICATES",
      message: `${repo}: ${duplicates} of ${rows} rows repeat an earlier prompt`,
    });
  if (promptTokens === undefined) return;
  const { min, p50, p90, p99, max } = promptTokens;
  emit({
    type: "log",
    message: `${repo}: prompts of ${min} to ${max} tokens (median ${p50}, 90 % up to ${p90}, 99 % up to ${p99})`,
    data: {
      promptTokens: { ...promptTokens, buckets: promptTokens.buckets.map((b) => ({ ...b })) },
    },
  });
}
