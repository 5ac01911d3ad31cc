import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { StageNames } from "./stage-names.ts";

const TEMPLATES = fileURLToPath(new URL("../templates", import.meta.url));
const ENDING = ".template";

/** Templates of a folder, filled in, by the path that they are for. */
export function filledTemplates(folder: string, names: StageNames): ReadonlyMap<string, string> {
  const root = join(TEMPLATES, folder);
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ENDING))
    .sort();
  return new Map(
    files.map((path) => [
      fill(path.slice(0, -ENDING.length).split(sep).join("/"), names),
      fill(readFileSync(join(root, path), "utf8"), names),
    ]),
  );
}

function fill(text: string, names: StageNames): string {
  const values: Readonly<Record<string, string>> = {
    ...names,
    descriptionString: JSON.stringify(names.description),
  };
  return text.replace(/__([a-z]+(?:String)?)__/g, (token, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`template has an unknown ${token}`);
    return value;
  });
}
