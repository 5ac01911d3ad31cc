import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { apiReport } from "./api/api-report.ts";
import type { Gate } from "./gate.ts";
import { publicFolders } from "./publishing/pack-packages.ts";

const REPORTS = "tools/check/api";

/**
 * What each package promises, held against the report that was reviewed last. `UPDATE_API=1 npm run check -- api` writes the
 * reports anew: their diff is what users of the packages will notice, and wants a changeset.
 */
export function apiGate(): Gate {
  return {
    name: "api",
    async run() {
      const update = process.env["UPDATE_API"] === "1";
      await mkdir(REPORTS, { recursive: true });
      const failures: string[] = [];
      const folders = await publicFolders();
      for (const folder of folders) {
        const report = await apiReport(folder);
        const file = join(REPORTS, `${basename(folder)}.txt`);
        if (update) await writeFile(file, report);
        const reviewed = await readFile(file, "utf8").catch(() => "");
        if (reviewed !== report)
          failures.push(
            `${folder}: ${firstDifference(reviewed, report)}. If it is meant: UPDATE_API=1 npm run check -- api, and a changeset.`,
          );
      }
      return { passed: folders.length - failures.length, failures };
    },
  };
}

function firstDifference(before: string, now: string): string {
  const names = (text: string): Map<string, string> =>
    new Map(
      text
        .split(/^(?=## )/m)
        .map((part) => [part.split("\n", 1)[0]?.replace("## ", "") ?? "", part]),
    );
  const [old, fresh] = [names(before), names(now)];
  for (const [name, text] of fresh) {
    if (!old.has(name)) return `${name} is new`;
    if (old.get(name) !== text) return `${name} has changed`;
  }
  const gone = [...old.keys()].find((name) => !fresh.has(name));
  return gone === undefined ? "the order has changed" : `${gone} is gone`;
}
