import { basename } from "node:path";
import { formatBytes, formatTable, isMoonlightError, VerificationError } from "@moonlight-rl/core";
import { defineSubcommand } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { checkDataset } from "../content/check-dataset.ts";
import { checkConfig, checkIndex, checkWeights } from "../content/check-model.ts";
import { checkTokenizer } from "../content/tokenizer.ts";
import { checkFile, faultText, type CheckedFile } from "../folder/check-file.ts";
import { openSourceFolder, type SourceFolder } from "../folder/source-folder.ts";

const fileSchema = z.object({
  path: z.string(),
  status: z.enum(["ok", "unlisted", "missing", "size", "digest"]),
  bytes: z.int().nullable(),
  sha256: z.string(),
  by: z.enum(["sha256", "git", "nothing"]),
});
const faultSchema = z.object({ code: z.string(), message: z.string() });

/** `moonlight fetch verify PATH`: whether a folder still holds what it should. */
export const verifyCommand = defineSubcommand({
  name: "verify",
  title: "Read a fetched folder again: sizes, digests, and the checks of its content.",
  examples: [
    "./Moonlight-16B-A3B",
    "~/.cache/huggingface/hub/models--moonshotai--Moonlight-16B-A3B --json",
  ],
  input: z.strictObject({
    path: z
      .string()
      .min(1)
      .describe(
        "artifact, folder of --local-dir, snapshot of the Hugging Face cache, or any folder",
      ),
  }),
  positionals: ["path"],
  output: z.object({
    layout: z.enum(["artifact", "local-dir", "hf-cache", "plain"]),
    folder: z.string(),
    commit: z.string().optional(),
    files: z.array(fileSchema),
    content: z.string(),
    faults: z.array(faultSchema),
  }),
  async run({ path }, { signal, emit }) {
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
  },
  present: ({ layout, folder, files, content, faults }) =>
    [
      formatTable(
        [
          { title: "file" },
          { title: "size", align: "right" },
          { title: "compared by" },
          { title: "status" },
        ],
        files.map(({ path, bytes, status, by }) => [
          path,
          bytes === null ? "–" : formatBytes(bytes),
          by === "nothing" ? "–" : by,
          status,
        ]),
      ),
      "",
      `${folder} (${layout}): ${content}`,
      ...faults.map(({ code, message }) => `${code}: ${message}`),
    ].join("\n"),
  verdict: ({ folder, faults }) => {
    const [first] = faults;
    if (first === undefined) return undefined;
    const more = faults.length === 1 ? "" : ` (and ${faults.length - 1} more)`;
    return new VerificationError(first.code, `${first.message}${more}.`, {
      file: folder,
      hint: "Fetch it again: what is right is kept, and only the rest comes over the network.",
    });
  },
});

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
