import { formatDuration } from "@moonlight-rl/core";
import { execa } from "execa";
import pLimit from "p-limit";
import type { Gate } from "./gate.ts";
import { isExample, projectFolders } from "./projects.ts";

/** `npm test` in the folder of each example, as its README says: that type-checks it, runs it, and looks at what came out. */
export function examplesGate(): Gate {
  return {
    name: "examples",
    async run() {
      const folders = (await projectFolders()).filter(isExample);
      const limit = pLimit(2);
      const verdicts = await Promise.all(folders.map((folder) => limit(() => testExample(folder))));
      const failures = verdicts.flatMap(({ failure }) => failure ?? []);
      if (folders.length === 0) failures.push("there is no example");
      return { passed: verdicts.reduce((sum, { passed }) => sum + passed, 0), failures };
    },
  };
}

async function testExample(folder: string): Promise<{ passed: number; failure?: string }> {
  const start = performance.now();
  const result = await execa("npm", ["test", "--silent"], {
    cwd: folder,
    env: { NODE_OPTIONS: "--test-reporter=tap" },
    reject: false,
    all: true,
    stdin: "ignore",
    maxBuffer: 1 << 26,
  });
  const count = (what: string): number =>
    Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(result.all)?.[1] ?? 0);
  const passed = count("pass");
  if (result.exitCode === 0 && passed > 0 && count("skipped") === 0) return { passed };
  const seconds = formatDuration((performance.now() - start) / 1000);
  return {
    passed,
    failure: `${folder}: npm test: exit ${result.exitCode ?? result.signal} after ${seconds}, ${passed} passed\n${result.all.slice(-4000)}`,
  };
}
