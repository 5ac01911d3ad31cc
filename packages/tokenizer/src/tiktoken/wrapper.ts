import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PreflightError } from "@moonlight-rl/core";
import { SPLIT_ALTERNATIVES } from "./split.ts";

const MAX_BYTES = 1 << 20;

/**
 * The Python code beside `tiktoken.model` is read as text and never executed: the split rule in it has to be the one that we
 * follow, since another rule gives other ids without any error. A folder without such code is taken at its word.
 */
export async function checkWrapper(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^tokenization_\w+\.py$/.test(name));
  for (const name of names.sort()) {
    const file = join(folder, name);
    const source = (await readFile(file, "utf8")).slice(0, MAX_BYTES);
    const at = source.search(/\bpat_str\s*=/);
    if (at === -1 || sameRule(source.slice(at))) continue;
    throw new PreflightError(
      "TOKENIZER_UNSUPPORTED",
      `${name} cuts texts by another rule (pat_str) than Moonlight's, so token ids would differ.`,
      {
        file,
        byteOffset: Buffer.byteLength(source.slice(0, at)),
        hint: "Give the folder a tokenizer.json, which states its rule, or use the model's own revision.",
      },
    );
  }
}

/** Whether a Python assignment joins exactly our alternatives. */
function sameRule(assignment: string): boolean {
  const [, list] =
    /^pat_str\s*=\s*"\|"\s*\.join\(\s*\[((?:\s*r"""[^\n]*?""",?)+)\s*\]\s*\)/.exec(assignment) ??
    [];
  const alternatives = [...(list ?? "").matchAll(/r"""([^\n]*?)"""/g)].map(([, text]) => text);
  return (
    alternatives.length === SPLIT_ALTERNATIVES.length &&
    alternatives.every((text, index) => text === SPLIT_ALTERNATIVES[index])
  );
}
