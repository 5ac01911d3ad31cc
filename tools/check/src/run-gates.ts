import { formatDuration } from "@moonlight-rl/core";
import type { Gate, Verdict } from "./gate.ts";
import { said } from "./workspace/steps.ts";

/**
 * Runs the gates one after the other, or those that are `wanted` by name, and sets the exit code. One that throws fails
 * for itself: every gate runs, so that one run shows everything. The last line is `N passed, N failed`.
 */
export async function runGates(gates: readonly Gate[], wanted: readonly string[]): Promise<void> {
  let passed = 0;
  const names = gates.map(({ name }) => name);
  const failures = wanted
    .filter((name) => !names.includes(name))
    .map((name) => `there is no gate ${name}; gates are ${names.join(", ")}`);
  for (const gate of gates) {
    if (wanted.length > 0 && !wanted.includes(gate.name)) continue;
    const start = performance.now();
    const verdict = await gate
      .run()
      .catch((error: unknown): Verdict => ({ passed: 0, failures: [said(error)] }));
    passed += verdict.passed;
    failures.push(...verdict.failures.map((failure) => `[${gate.name}] ${failure}`));
    const seconds = formatDuration((performance.now() - start) / 1000);
    console.log(
      `${verdict.failures.length === 0 ? "ok  " : "FAIL"}  ${gate.name.padEnd(12)} ${verdict.passed} passed, ${verdict.failures.length} failed, ${seconds}`,
    );
    for (const note of verdict.notes ?? []) console.log(`      ${note}`);
    for (const what of verdict.skipped ?? []) console.log(`      skipped: ${what}`);
  }
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(`\n${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
