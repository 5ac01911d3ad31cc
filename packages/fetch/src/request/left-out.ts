import { formatBytes } from "@moonlight-rl/core";
import { selectFiles, type RepoFile, type RepoType, type Selection } from "@moonlight-rl/hub";

/** Why a file of a repository is not taken. */
export type LeftOutReason = "ignored" | "duplicate format" | "not needed" | "reserved name";

export interface LeftOut {
  readonly reason: LeftOutReason;
  readonly files: readonly RepoFile[];
  readonly bytes: number;
}

/** Names that artifacts keep for their own description. */
export const RESERVED: readonly string[] = ["manifest.json", "provenance.json"];

/** Weights and rows once more, in a form that the pipeline does not read. */
const OTHER_WEIGHTS =
  /(?:\.(?:bin|pt|pth|ckpt|h5|msgpack|onnx|onnx_data|gguf|ggml|ot|tflite|mlmodel|safetensors)|\.(?:bin|h5|msgpack)\.index\.json)$/i;
const OTHER_ROWS = /\.(?:parquet|jsonl?|csv|tsv|arrow|feather)(?:\.(?:gz|zst|bz2))?$/i;

/** Groups what is left out by reason, the largest group first. */
export function groupLeftOut(
  type: RepoType,
  listing: readonly RepoFile[],
  leftOut: readonly RepoFile[],
  selection: Selection,
): LeftOut[] {
  const ignored = ignoredFiles(type, listing, selection);
  const duplicate = type === "model" ? OTHER_WEIGHTS : OTHER_ROWS;
  const reasonOf = ({ path }: RepoFile): LeftOutReason => {
    if (RESERVED.includes(path)) return "reserved name";
    if (ignored.has(path)) return "ignored";
    if (selection.allow === undefined || type === "dataset")
      if (duplicate.test(path)) return "duplicate format";
    return "not needed";
  };
  const byReason = new Map<LeftOutReason, RepoFile[]>();
  for (const file of leftOut) {
    const reason = reasonOf(file);
    byReason.set(reason, [...(byReason.get(reason) ?? []), file]);
  }
  return [...byReason]
    .map(([reason, files]) => ({
      reason,
      files,
      bytes: files.reduce((sum, file) => sum + file.size, 0),
    }))
    .sort((a, b) => b.bytes - a.bytes);
}

/** "duplicate format: 8 files, 31.9 GB (pytorch_model-00001-of-00008.bin, …)" */
export function leftOutText({ reason, files, bytes }: LeftOut): string {
  const names = files.slice(0, 3).map((file) => file.path);
  const some = names.join(", ") + (files.length > names.length ? ", …" : "");
  return `${reason}: ${files.length} file${files.length === 1 ? "" : "s"}, ${formatBytes(bytes)} (${some})`;
}

/** The files that would be taken if nothing were ignored. */
function ignoredFiles(
  type: RepoType,
  listing: readonly RepoFile[],
  { allow, ignore }: Selection,
): ReadonlySet<string> {
  const without = allow === undefined ? {} : { allow };
  const all = selectFiles(type, listing, without).files.map((file) => file.path);
  const taken = new Set(
    selectFiles(type, listing, { ...without, ignore: ignore ?? [] }).files.map((file) => file.path),
  );
  return new Set(all.filter((path) => !taken.has(path)));
}
