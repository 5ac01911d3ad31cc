import { z } from "zod";
import { parsePythonLiteral } from "../message/literal-parser.ts";
import { isDict } from "../message/python-value.ts";
import type { PythonValue } from "../message/python-value.ts";

const number = z.union([z.number(), z.nan(), z.literal([Infinity, -Infinity])]);
/** Seconds since 1970. */
const ts = z.number();

/** One point of the curves: the payload of one call of the framework's tracking. */
const metrics = z.object({
  ts,
  step_key: z.string().nullable(),
  step: z.number().nullable(),
  metrics: z.record(z.string(), z.unknown()),
});
/** A timer's interval in one process; `t1` is -1 while it runs. */
const phases = z.object({
  name: z.string(),
  t0: ts,
  t1: ts,
  node: z.string(),
  gpus: z.array(z.number()),
  rank: z.number(),
  role: z.string(),
});
const gpuUtil = z.object({
  ts,
  node: z.string(),
  gpu: z.number(),
  util: z.number(),
  mem_mb: z.number(),
  power_w: z.number(),
});
const gpuProcesses = z.object({
  ts,
  node: z.string(),
  gpu: z.number(),
  pid: z.number(),
  name: z.string(),
  mem_mb: z.number(),
});
const engineSeries = z.object({
  ts,
  addr: z.string(),
  metric: z.string(),
  labels: z.record(z.string(), z.string()),
  value: number,
});
const topology = z.object({
  ts,
  engines: z.array(
    z.object({
      addr: z.string(),
      worker_type: z.string(),
      engine_rank: z.number(),
      gpus: z.array(z.array(z.unknown())),
      gpu_uuids: z.array(z.string().nullable()),
    }),
  ),
});
const trajectories = z.object({
  ts,
  kind: z.string(),
  sample_index: z.number(),
  group_index: z.number(),
  turn: z.number(),
  weight_version: z.string(),
  detail: z.string(),
});
const dataBuffer = z.object({ ts, length: z.number() });

const SCHEMAS = {
  metrics,
  phases,
  gpu_util: gpuUtil,
  gpu_processes: gpuProcesses,
  engine_series: engineSeries,
  topology,
  trajectories,
  data_buffer: dataBuffer,
} as const;

export type DashboardStream = keyof typeof SCHEMAS;

export const DASHBOARD_STREAMS = Object.keys(SCHEMAS) as readonly DashboardStream[];

/** One line of one stream, fields under the framework's names. */
export type DashboardRecord = {
  [S in DashboardStream]: { readonly stream: S; readonly record: z.output<(typeof SCHEMAS)[S]> };
}[DashboardStream];

/**
 * The record that a line of a stream holds.
 *
 * @returns the record, or why the line is none
 */
export function parseDashboardLine(
  stream: DashboardStream,
  line: string,
): DashboardRecord | { readonly fault: string } {
  const value = parsePythonJson(line);
  if (value === undefined) return { fault: "not JSON" };
  const parsed = SCHEMAS[stream].safeParse(value);
  if (parsed.success) return { stream, record: parsed.data } as DashboardRecord;
  const [issue] = parsed.error.issues;
  return { fault: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a record"}` };
}

/** JSON as Python's `json.dumps` writes it: NaN and infinities stand bare, which JavaScript refuses. */
function parsePythonJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    const { value, end, fault } = parsePythonLiteral(line);
    return fault === undefined && line.slice(end).trim() === "" && isDict(value)
      ? plain(value)
      : undefined;
  }
}

function plain(value: PythonValue): unknown {
  if (Array.isArray(value)) return value.map((item: PythonValue) => plain(item));
  return isDict(value)
    ? Object.fromEntries(Array.from(value.dict, ([key, item]) => [key, plain(item)]))
    : value;
}
