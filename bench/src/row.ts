import { fileURLToPath } from "node:url";
import { readJson } from "@moonlight-rl/core";
import { z } from "zod";

const name = z.string().min(1);

/** One figure: ours, and how many times better than the peer's of the same run (greater is always better for us). */
export const rowSchema = z.strictObject({
  bench: name,
  metric: name,
  value: z.number(),
  unit: name,
  peer: name,
  ratio: z.number().nonnegative(),
  /** The least ratio to be reached; null for rows that inform only. */
  goal: z.number().nullable(),
});
export type Row = z.output<typeof rowSchema>;

const goalSchema = z.strictObject({
  bench: name,
  metric: name,
  peer: name,
  goal: z.number().positive(),
});
export type Goal = z.output<typeof goalSchema>;

/** A row that must be there and is not, and why. */
export interface Miss extends Goal {
  readonly reason: string;
}

/** What names a row. */
export type RowName = Pick<Row, "bench" | "metric" | "peer">;

/** The rows that must be produced and their goals: `bench/goals.json`. */
export async function readGoals(): Promise<readonly Goal[]> {
  const file = fileURLToPath(new URL("../goals.json", import.meta.url));
  return await readJson(file, z.array(goalSchema), { what: "goals of the benchmarks" });
}

export function sameRow(a: RowName, b: RowName): boolean {
  return a.bench === b.bench && a.metric === b.metric && a.peer === b.peer;
}
