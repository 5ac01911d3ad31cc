import { execa } from "execa";
import type { Gate } from "./gate.ts";

const BIN = "tools/interop/dist/src/bin.js";

/**
 * The live check of one topic; what it counts is counted here too. A topic that has none yet is skipped.
 *
 * @param options.withoutPython what a machine without Python, or without a registry for it, leads to; default a failure
 */
export function interopGate(
  topic: string,
  flags: readonly string[],
  options: { readonly withoutPython?: "skip" } & Pick<Gate, "alone"> = {},
): Gate {
  return {
    ...(options.alone === undefined ? {} : { alone: options.alone }),
    name: `interop ${topic}`,
    async run() {
      if (topic === "ray" && /\s/.test(process.cwd()))
        return {
          passed: 0,
          failures: [],
          skipped: ["Ray starts nothing from a path with a space"],
        };
      const { stdout, all, exitCode } = await execa(process.execPath, [BIN, topic, ...flags], {
        reject: false,
        all: true,
        stdin: "ignore",
        maxBuffer: 1 << 28,
      });
      if (exitCode === 2 && all.includes("there is no live check"))
        return { passed: 0, failures: [], skipped: ["there is no live check yet"] };
      const lacking = /[^\n]*(?:There is no python3|environment ray could not be made)[^\n]*/.exec(
        all,
      )?.[0];
      if (options.withoutPython === "skip" && lacking !== undefined)
        return { passed: 0, failures: [], skipped: [lacking.trim()] };
      const lines = stdout.split("\n");
      const passed = /^(\d+) passed, \d+ failed$/.exec(lines.at(-1) ?? "")?.[1];
      const failures = lines.filter((line) => line.startsWith("FAIL  "));
      // What a check says beside its failures is what explains them.
      if (failures.length > 0) failures.push(`${failures.pop() ?? ""}\n${stdout.slice(-6000)}`);
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
