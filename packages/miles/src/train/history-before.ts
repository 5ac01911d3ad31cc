import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** The lines of a history up to a rollout: what a job that begins there does not tell again. A torn last line is left out. */
export async function historyBefore(file: string, rollout: number): Promise<string> {
  if (!existsSync(file)) return "";
  const lines = (await readFile(file, "utf8")).split("\n").slice(0, -1);
  const kept = lines.filter((line) => {
    const { step } = JSON.parse(line) as { readonly step?: number };
    return step === undefined || step < rollout;
  });
  return kept.map((line) => `${line}\n`).join("");
}
