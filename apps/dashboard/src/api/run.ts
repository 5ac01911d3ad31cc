import { z } from "zod";
import { causeSchema } from "./fault.ts";
import { pageOf, pageQuery } from "./page.ts";

export const statusSchema = z.enum(["running", "ok", "failed", "interrupted"]);

const runLineShape = {
  id: z.string(),
  pipeline: z.string(),
  status: statusSchema,
  started: z.iso.datetime(),
  finished: z.iso.datetime().optional(),
  /** Of a running one: until now. Over all processes that worked on it, pauses included. */
  seconds: z.number(),
  params: z.record(z.string(), z.json()),
  error: causeSchema.optional(),
};

/** GET /api/runs, newest first. */
export const runsQuery = pageQuery;
export const runsSchema = pageOf(z.object(runLineShape));
export type RunsAnswer = z.output<typeof runsSchema>;
export type RunLine = RunsAnswer["items"][number];

/** The newest state of a task: `total` absent = unknown. */
export const taskSchema = z.object({
  task: z.string(),
  done: z.number(),
  total: z.number().optional(),
  unit: z.string(),
  message: z.string().optional(),
  /** Units a second since the stage began; absent before there are two reports. */
  rate: z.number().optional(),
  /** Seconds until `total` at that rate. */
  eta: z.number().optional(),
});
export type Task = z.output<typeof taskSchema>;

export const artifactLinkSchema = z.object({
  /** Field of the stage's input or output, dotted. */
  field: z.string(),
  kind: z.string(),
  digest: z.string(),
});

export const stageSchema = z.object({
  /** Id of the call: "eval-base". */
  id: z.string(),
  /** Name of the stage: "eval"; absent until it has ended once in this workspace. */
  stage: z.string().optional(),
  /** `waiting`: known from earlier runs of the pipeline, not begun yet. `interrupted`: its process is gone. */
  state: z.enum(["waiting", "running", "ok", "reused", "failed", "interrupted"]),
  key: z.string().optional(),
  /** Why it ran: "never run in this workspace", or the first input that differs. */
  reason: z.string().optional(),
  started: z.iso.datetime().optional(),
  finished: z.iso.datetime().optional(),
  /** Of a running one: until now. Of a reused one: what it took when it ran. */
  seconds: z.number().optional(),
  tasks: z.array(taskSchema),
  warnings: z.int(),
  inputs: z.array(artifactLinkSchema),
  outputs: z.array(artifactLinkSchema),
  error: causeSchema.optional(),
});
export type StageState = z.output<typeof stageSchema>;

/** GET /api/runs/:run */
export const runSchema = z.object({
  ...runLineShape,
  versions: z.record(z.string(), z.string()),
  host: z.record(z.string(), z.union([z.string(), z.number()])),
  git: z.object({ commit: z.string(), dirty: z.boolean() }).optional(),
  /** In the order of their beginning, waiting ones last. */
  stages: z.array(stageSchema),
  /** An artifact that one stage made and another took. */
  edges: z.array(z.object({ from: z.string(), to: z.string(), kind: z.string() })),
  warnings: z.int(),
  /** Position in the event stream that this state includes: what to ask /events for with `from`. */
  position: z.int(),
});
export type RunAnswer = z.output<typeof runSchema>;
