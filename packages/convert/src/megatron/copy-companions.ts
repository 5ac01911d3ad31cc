import { copyFile, mkdir, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncFile } from "@moonlight-rl/core";

/** Weights in any format: they are written anew, and another format's would be the source's still. */
const WEIGHTS = /\.(safetensors|bin|pt|pth|ckpt|gguf|onnx|msgpack|h5)(\.index\.json)?$/;
/** An artifact's own description, which is not its model's. */
export const RECORDS: ReadonlySet<string> = new Set(["manifest.json", "provenance.json"]);

/** Copies config, tokenizer, model code and whatever else lies beside the weights of a model; hidden files are left. */
export async function copyCompanions(source: string, target: string): Promise<void> {
  for (const path of (await readdir(source, { recursive: true })).sort()) {
    const hidden = path.split(/[\\/]/).some((part) => part.startsWith("."));
    if (hidden || RECORDS.has(path) || WEIGHTS.test(basename(path))) continue;
    const from = join(source, path);
    // stat, not the entry's type: in a Hugging Face cache every file is a link.
    if (!(await stat(from)).isFile()) continue;
    const to = join(target, path);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to);
    await syncFile(to);
  }
}
