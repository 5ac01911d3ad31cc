import { formatDuration, formatPercent, formatTable, type Column } from "@moonlight-rl/core";
import type { WatchEvent, WatchState } from "@moonlight-rl/miles";
import type { RolloutRow, StepRow } from "./rollout-rows.ts";

interface Shown<R> extends Column {
  readonly cell: (row: R) => string | undefined;
}

const right = <R>(title: string, cell: Shown<R>["cell"]): Shown<R> => ({
  title,
  align: "right",
  cell,
});

const ROLLOUT_COLUMNS: readonly Shown<RolloutRow>[] = [
  right("rollout", ({ rollout }) => String(rollout)),
  right("reward", ({ reward }) => figure(reward)),
  right("response (tokens)", ({ responseLength }) => figure(responseLength)),
  right("truncated", ({ truncated }) => share(truncated)),
  right("steps", ({ steps }) => (steps === 0 ? undefined : String(steps))),
  right("KL", ({ kl }) => figure(kl)),
  right("grad norm (max)", ({ gradNorm }) => figure(gradNorm)),
  right("log-prob diff", ({ logprobDifference }) => figure(logprobDifference)),
  right("rollout (s)", ({ rolloutTime }) => figure(rolloutTime)),
  right("train (s)", ({ trainTime }) => figure(trainTime)),
  right("tokens/s/GPU", ({ tokensPerGpuSecond }) => figure(tokensPerGpuSecond)),
  {
    title: "evaluation",
    cell: ({ evaluations }) =>
      evaluations &&
      Object.entries(evaluations)
        .map(([name, value]) => `${name} ${figure(value) ?? ""}`)
        .join(", "),
  },
];

const STEP_FIELDS = [
  ["loss", "train/loss"],
  ["policy loss", "train/pg_loss"],
  ["entropy (nats)", "train/entropy_loss"],
  ["clipped", "train/pg_clipfrac"],
  ["KL", "train/ppo_kl"],
  ["log-prob diff", "train/train_rollout_logprob_abs_diff"],
  ["grad norm", "train/grad_norm"],
  ["learning rate", "train/lr-pg_0"],
] as const;

const STEP_COLUMNS: readonly Shown<StepRow>[] = [
  right("step", ({ step }) => String(step)),
  { title: "role", cell: ({ role }) => (role === "actor" ? undefined : role) },
  ...STEP_FIELDS.map(([title, field]) =>
    right<StepRow>(title, ({ values, role }) =>
      figure(values[field] ?? values[field.replace("train/", `train/${role}-`)]),
    ),
  ),
];

export function rolloutTable(rows: readonly RolloutRow[]): string {
  return table(ROLLOUT_COLUMNS, rows, "The log holds no rollout.");
}

export function stepTable(rows: readonly StepRow[]): string {
  return table(STEP_COLUMNS, rows, "The log holds no optimizer step.");
}

/** Columns that no row fills are left out. */
function table<R>(columns: readonly Shown<R>[], rows: readonly R[], none: string): string {
  if (rows.length === 0) return none;
  const cells = columns.map(({ cell }) => rows.map((row) => cell(row) ?? ""));
  const filled = columns.flatMap((column, index) =>
    cells[index]?.some((text) => text !== "") ? [{ column, texts: cells[index] }] : [],
  );
  return formatTable(
    filled.map(({ column }) => column),
    rows.map((_, row) => filled.map(({ texts }) => texts[row] ?? "")),
  );
}

/** An alarm, a hang or a failure: what is wrong, and below it what to look at. */
export function findingText(event: WatchEvent): string | undefined {
  switch (event.type) {
    case "phase":
      return undefined;
    case "alarm":
      return event.state === "raised"
        ? `${event.severity}  ${event.id}: ${event.message} (${event.field} ${figure(event.value) ?? ""}, limit ${figure(event.limit) ?? ""})\n  ${event.look}`
        : `cleared  ${event.id}${event.at === undefined ? "" : ` (at ${event.at})`}`;
    case "hang":
      return event.state === "hung"
        ? `hang  ${event.message}\n  ${event.look}`
        : `went on  ${event.phase}`;
    default: {
      const { category, exception, message, source, handled } = event.failure;
      const who = source.process ?? source.actor;
      return `failure  ${category}${who === undefined ? "" : ` in ${who}`}: ${exception === undefined ? "" : `${exception}: `}${message.split("\n", 1)[0] ?? ""}${handled ? " (the process went on)" : ""}\n  ${event.advice}`;
    }
  }
}

/** Where the job stood at the end of the log. */
export function stateText(state: WatchState, seconds: number): string {
  const parts = [
    `phase ${state.phase}`,
    state.rollout === undefined ? undefined : `rollout ${state.rollout}`,
    state.step === undefined ? undefined : `step ${state.step}`,
    state.savedIteration === undefined
      ? undefined
      : `checkpoint of iteration ${state.savedIteration}`,
    seconds > 0 ? `over ${formatDuration(seconds)}` : undefined,
  ];
  return `at the end: ${parts.filter((part) => part !== undefined).join(", ")}`;
}

function figure(value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}

function share(value: number | undefined): string | undefined {
  return value === undefined || !Number.isFinite(value) ? figure(value) : formatPercent(value);
}
