import { basename } from "node:path";
import { formatBytes, isMoonlightError } from "@moonlight-rl/core";
import type { PlanContext } from "@moonlight-rl/pipeline";
import { checkDataset } from "../content/check-dataset.ts";
import { checkConfig, checkIndex, checkWeights } from "../content/check-model.ts";
import { checkTokenizer } from "../content/tokenizer.ts";
import { checkFile, faultText, type CheckedFile } from "../folder/check-file.ts";
import { openSourceFolder, type SourceFolder } from "../folder/source-folder.ts";
import type { VerifyOutput } from "./verify-output.ts";

/** Reads a folder again: sizes, digests, and the checks that a fetch makes of its content. */
export async function verifyFolder(
  path: string,
  { signal, emit }: Pick<PlanContext, "signal" | "emit">,
): Promise<VerifyOutput> {
  const source = await openSourceFolder(path);
  const total = source.files.reduce((sum, { size = 0 }) => sum + size, 0);
  const checked: CheckedFile[] = [];
  const faults: { code: string; message: string }[] = [];
  let done = 0;
  for (const file of source.files) {
    const onBytes = (bytes: number): void => {
      done += bytes;
      emit({
        type: "progress",
        task: `verify ${basename(source.folder)}`,
        done,
        total,
        unit: "bytes",
      });
    };
    const result = await checkFile(file, { signal, onBytes });
    checked.push(result);
    if (result.status !== "ok" && result.status !== "unlisted")
      faults.push({ code: FAULT[result.status], message: faultText(result, file) });
  }
  const content =
    faults.length > 0 ? "not looked at" : await contentOf(source, signal, emit, faults);
  return {
    layout: source.layout,
    folder: source.folder,
    ...(source.commit === undefined ? {} : { commit: source.commit }),
    files: checked.map(({ size, ...file }) => ({ ...file, bytes: size ?? null })),
    content,
    faults,
  };
}

const FAULT = {
  missing: "FILE_MISSING",
  size: "FILE_SIZE",
  digest: "FILE_DIGEST",
} as const;

/** The checks that a fetch makes of a model, or of a dataset. */
async function contentOf(
  { folder, files, kind, meta }: SourceFolder,
  signal: AbortSignal,
  emit: Parameters<typeof checkTokenizer>[2],
  faults: { code: string; message: string }[],
): Promise<string> {
  const names = new Set(files.map(({ path }) => path));
  try {
    if (kind === "hf-model" || (kind === undefined && names.has("config.json"))) {
      const config = await checkConfig(folder);
      await checkIndex(folder, config);
      await checkTokenizer(folder, config.vocab_size, emit);
      if (![...names].some((name) => name.endsWith(".safetensors")))
        return "a model without weights";
      const { tensors, bytes } = await checkWeights(folder);
      return `a model with ${tensors} tensors, ${formatBytes(bytes)}`;
    }
    const named = meta?.["dataFile"];
    const data = files.filter(({ path }) =>
      typeof named === "string" ? path === named : /\.(?:jsonl|parquet)$/.test(path),
    );
    if (data.length === 0) return "neither a model nor a dataset";
    const report = await checkDataset(
      data.map(({ absolute }) => absolute),
      { signal, emit },
    );
    return `a dataset with ${report.rows} rows, ${report.duplicates} duplicates, ${report.falsyLabels} falsy labels`;
  } catch (error) {
    if (!isMoonlightError(error) || error.code === "INTERRUPTED") throw error;
    faults.push({ code: error.code, message: error.message });
    return "not what the pipeline needs";
  }
}
