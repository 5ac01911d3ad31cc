import { readFile, writeFile } from "node:fs/promises";
import { execa } from "execa";
import type { Gate } from "./gate.ts";
import { lineDifference } from "./line-difference.ts";

const FILE = "tools/check/api/command-line.txt";
const BIN = "apps/moonlight/bin/moonlight.js";

/** All commands with all their options, as `--help` has them, held against what was reviewed last: scripts rely on them. */
export function surfaceGate(): Gate {
  return {
    name: "surface",
    async run() {
      const now = await surface([]);
      if (process.env["UPDATE_API"] === "1") await writeFile(FILE, now);
      const reviewed = await readFile(FILE, "utf8").catch(() => "");
      const changed = lineDifference(reviewed, now);
      if (changed === undefined) return { passed: 1, failures: [] };
      return {
        passed: 0,
        failures: [
          `the command line has changed:\n${changed}\nIf it is meant: UPDATE_API=1 npm run check -- surface, and a changeset.`,
        ],
      };
    },
  };
}

/** A command's help and that of all commands within it. */
async function surface(words: readonly string[]): Promise<string> {
  const { stdout } = await execa(process.execPath, [BIN, ...words, "--help"], {
    env: { COLUMNS: "100", NO_COLOR: "1" },
    stdin: "ignore",
  });
  const title = `# moonlight ${words.join(" ")}`.trim();
  const inner = subcommands(stdout);
  const parts = await Promise.all(inner.map((name) => surface([...words, name])));
  return [`${title}\n\n${stdout.trim()}\n`, ...parts].join("\n");
}

function subcommands(help: string): string[] {
  const lines = help.split("\n");
  const start = lines.indexOf("Commands:");
  if (start === -1) return [];
  return lines
    .slice(start + 1)
    .flatMap((line) => /^ {2}([a-z][\w-]*)/.exec(line)?.[1] ?? [])
    .filter((name) => name !== "help");
}
