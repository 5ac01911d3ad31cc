import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { removePath, writeFileAtomic, writeJsonAtomic } from "@moonlight-rl/core";
import type { Finding, ResolvedRecipe } from "@moonlight-rl/recipe";
import type { LaunchFile } from "./launch.ts";

/** Writes the content of a `recipe` artifact into a new folder. */
export async function writeRecipe(
  folder: string,
  { recipe, provenance }: ResolvedRecipe,
  findings: readonly Finding[],
  argv: readonly string[] | undefined,
  launch: LaunchFile | undefined,
): Promise<void> {
  await removePath(folder);
  await mkdir(folder, { recursive: true });
  await writeJsonAtomic(join(folder, "recipe.json"), recipe);
  await writeJsonAtomic(join(folder, "sources.json"), provenance);
  await writeJsonAtomic(join(folder, "findings.json"), findings);
  if (argv !== undefined) {
    await writeFileAtomic(join(folder, "argv.txt"), argv.map((arg) => `${arg}\n`).join(""));
  }
  if (launch !== undefined) await writeFileAtomic(join(folder, launch.name), launch.text);
}
