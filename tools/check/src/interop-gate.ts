import { execa } from "execa";
import type { Gate } from "./gate.ts";

const BIN = "tools/interop/dist/src/bin.js";

/** The live check of one topic; what it counts is counted here too. A topic that has none yet is skipped. */
export function interopGate(topic: string, references: readonly string[]): Gate {
  return {
    name: `interop ${topic}`,
    async run() {
      const { stdout, all, exitCode } = await execa(process.execPath, [BIN, topic, ...references], {
        reject: false,
        all: true,
        stdin: "ignore",
        maxBuffer: 1 << 28,
      });
      if (exitCode === 2 && all.includes("there is no live check"))
        return { passed: 0, failures: [], skipped: ["there is no live check yet"] };
      const lines = stdout.split("\n");
      const passed = /^(\d+) passed, \d+ failed$/.exec(lines.at(-1) ?? "")?.[1];
      const failures = lines.filter((line) => line.startsWith("FAIL  "));
      if ((exitCode !== 0 || passed === undefined) && failures.length === 0)
        failures.push(`exit ${exitCode ?? "by a signal"}\n${all.slice(-3000)}`);
      return {
        passed: Number(passed ?? 0),
        failures,
        skipped: lines
          .filter((line) => line.startsWith("skip  "))
          .map((line) => line.slice("skip  ".length)),
      };
    },
  };
}
