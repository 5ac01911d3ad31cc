import { formatDuration } from "@moonlight-rl/core";
import { boundariesGate } from "./boundaries-gate.ts";
import { commandsGate } from "./commands-gate.ts";
import { commandGate, type Gate } from "./gate.ts";
import { killGate } from "./kill-gate.ts";
import { typesGate } from "./types-gate.ts";
import { vitestGate } from "./vitest-gate.ts";

/** In order: what fails fastest comes first; every gate runs, so that one run shows everything. */
const GATES: readonly Gate[] = [
  commandGate("format", "oxfmt", ["--check"]),
  commandGate("lint", "oxlint", ["--type-aware", "--deny-warnings"]),
  typesGate(),
  boundariesGate(),
  commandGate("nx", "nx", ["run-many", "-t", "build", "test"]),
  commandGate("turbo", "turbo", ["run", "build"]),
  vitestGate(),
  commandsGate(),
  killGate(5),
];

const wanted = process.argv.slice(2);
let passed = 0;
const failures: string[] = [];
for (const gate of GATES) {
  if (wanted.length > 0 && !wanted.includes(gate.name)) continue;
  const start = performance.now();
  const verdict = await gate
    .run()
    .catch((error: unknown) => ({ passed: 0, failures: [String(error)] }));
  passed += verdict.passed;
  failures.push(...verdict.failures.map((failure) => `[${gate.name}] ${failure}`));
  const seconds = formatDuration((performance.now() - start) / 1000);
  console.log(
    `${verdict.failures.length === 0 ? "ok  " : "FAIL"}  ${gate.name.padEnd(12)} ${verdict.passed} passed, ${verdict.failures.length} failed, ${seconds}`,
  );
}
for (const failure of failures) console.log(`\n${failure}`);
console.log(`\n${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
