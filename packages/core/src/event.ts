import { z } from "zod";

/** Numbers as JSON can carry them: a NaN or an infinity travels as its name. */
const metricValue = z.union([
  z.number(),
  // Not an enum: its declaration would have "-Infinity" for a key, which TypeScript does not read back.
  z.literal(["NaN", "Infinity", "-Infinity"]),
]);

const base = { time: z.iso.datetime(), run: z.string().optional(), stage: z.string().optional() };
const event = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...base, ...shape });

/** Everything that happens in a run, as one stream; terminals, logs, `--json`, the report and the dashboard only read it. */
export const eventSchema = z.discriminatedUnion("type", [
  event("run.started", {
    pipeline: z.string(),
    params: z.record(z.string(), z.json()),
    resumed: z.boolean(),
  }),
  event("run.finished", {
    status: z.enum(["ok", "failed", "interrupted"]),
    seconds: z.number(),
    outputs: z.json().optional(),
    error: z
      .object({ code: z.string(), message: z.string(), hint: z.string().optional() })
      .optional(),
  }),
  event("stage.started", {
    key: z.string().optional(),
    input: z.json().optional(),
    reason: z.string().optional(),
  }),
  event("stage.reused", { key: z.string(), seconds: z.number() }),
  event("stage.finished", {
    key: z.string().optional(),
    seconds: z.number(),
    output: z.json().optional(),
  }),
  event("stage.failed", {
    seconds: z.number(),
    error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }),
  }),
  /** `total` absent = unknown; `unit` "bytes" is shown in MB, others as they are ("steps", "samples"). */
  event("progress", {
    task: z.string(),
    done: z.number(),
    total: z.number().optional(),
    unit: z.string(),
    message: z.string().optional(),
    /** One of several parts of another task at work: shown live, not written as lines. */
    part: z.boolean().optional(),
  }),
  /** One point on the curves: names are the reference framework's ("rollout/raw_reward", "train/pg_loss", "eval/aime"). */
  event("metric", { step: z.number(), values: z.record(z.string(), metricValue) }),
  event("sample", {
    step: z.number(),
    phase: z.enum(["rollout", "eval"]),
    group: z.number(),
    index: z.number(),
    prompt: z.string(),
    response: z.string(),
    label: z.string(),
    reward: z.number(),
    outcome: z.string(),
    truncated: z.boolean(),
  }),
  event("log", { message: z.string(), data: z.json().optional() }),
  event("warning", { code: z.string(), message: z.string(), hint: z.string().optional() }),
]);

export type MoonlightEvent = z.output<typeof eventSchema>;

/** An event as a stage emits it: the runner adds time, run and stage. */
export type EventInput = MoonlightEvent extends infer E
  ? E extends MoonlightEvent
    ? Omit<E, "time" | "run" | "stage">
    : never
  : never;

export type Emit = (event: EventInput) => void;

/** A metric value in the form that events carry. */
export function toMetricValue(value: number): z.output<typeof metricValue> {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}
