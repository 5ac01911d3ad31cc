import { availableParallelism } from "node:os";
import { formatDuration } from "@moonlight-rl/core";
import type { Gate, Verdict } from "./gate.ts";
import { said } from "./workspace/steps.ts";

/**
 * Runs the gates, or those that are `wanted` by name, and sets the exit code. As many run side by side as there are cores, except
 * those that must be alone; each is reported when it ends. One that throws fails for itself: every gate runs, so that one run shows
 * everything. The last line is `N passed, N failed`.
 */
export async function runGates(gates: readonly Gate[], wanted: readonly string[]): Promise<void> {
  const names = gates.map(({ name }) => name);
  const unknown = wanted
    .filter((name) => !names.includes(name))
    .map((name) => `there is no gate ${name}; gates are ${names.join(", ")}`);
  const chosen = gates.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const verdicts = new Map<Gate, Verdict>();
  for (const batch of batches(chosen))
    await inLanes(batch, availableParallelism(), async (gate) => {
      verdicts.set(gate, await runGate(gate));
    });
  const all = chosen.flatMap((gate) => verdicts.get(gate) ?? []);
  const passed = all.reduce((sum, verdict) => sum + verdict.passed, 0);
  const failures = [
    ...unknown,
    ...chosen.flatMap((gate) =>
      (verdicts.get(gate)?.failures ?? []).map((failure) => `[${gate.name}] ${failure}`),
    ),
  ];
  for (const failure of failures) console.log(`\n${failure}`);
  console.log(`\n${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** Neighbours that may run side by side; a gate that must be alone is a batch of its own. */
export function batches(gates: readonly Gate[]): Gate[][] {
  const found: Gate[][] = [];
  let open: Gate[] | undefined;
  for (const gate of gates) {
    if (gate.alone === true) {
      found.push([gate]);
      open = undefined;
    } else if (open === undefined) found.push((open = [gate]));
    else open.push(gate);
  }
  return found;
}

/** Works through a list in order, so many at a time. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: Math.min(lanes, items.length) }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

async function runGate(gate: Gate): Promise<Verdict> {
  const start = performance.now();
  const verdict = await gate
    .run()
    .catch((error: unknown): Verdict => ({ passed: 0, failures: [said(error)] }));
  const seconds = formatDuration((performance.now() - start) / 1000);
  console.log(
    `${verdict.failures.length === 0 ? "ok  " : "FAIL"}  ${gate.name.padEnd(12)} ${verdict.passed} passed, ${verdict.failures.length} failed, ${seconds}`,
  );
  for (const note of verdict.notes ?? []) console.log(`      ${note}`);
  for (const what of verdict.skipped ?? []) console.log(`      skipped: ${what}`);
  return verdict;
}
