import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** Where what was on a screen is kept to be looked at: in the folder MOONLIGHT_SCREENS; undefined without that. */
export async function screenFile(name: string): Promise<string | undefined> {
  const folder = process.env["MOONLIGHT_SCREENS"] ?? "";
  if (folder === "") return undefined;
  await mkdir(folder, { recursive: true });
  return join(folder, name);
}
