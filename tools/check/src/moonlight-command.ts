import { execa } from "execa";
import { z } from "zod";

/** The last line of every `--json` run. */
const summarySchema = z.looseObject({
  type: z.literal("summary"),
  status: z.string(),
  run: z.string().optional(),
  outputs: z.unknown().optional(),
});
export type Summary = z.output<typeof summarySchema>;

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const BIN = "apps/moonlight/bin/moonlight.js";

/** The stages of a run, in order. */
export const STAGES: readonly string[] = [
  "fetch",
  "convert",
  "rollout-config",
  "eval-base",
  "train",
  "export",
  "eval-trained",
];

/** A short training run: a few rollouts of a few prompts, everything else as `npm start` does it. */
export const SHORT_RUN: readonly string[] = [
  "--set=rollout.numRollout=4",
  "--set=rollout.rolloutBatchSize=16",
  "--set=rollout.overSamplingBatchSize=32",
  "--set=checkpoint.saveInterval=2",
  "--set=eval.interval=2",
  "--set=eval.nSamplesPerPrompt=1",
];

/** Starts the moonlight command as a user would, in a workspace of its own. */
export function startMoonlight(args: readonly string[], workspace: string) {
  return execa(process.execPath, [BIN, ...args], {
    reject: false,
    stdin: "ignore",
    maxBuffer: 1 << 28,
    env: { MOONLIGHT_WORKSPACE: workspace, NO_COLOR: "1" },
  });
}

export async function moonlight(
  args: readonly string[],
  workspace: string,
): Promise<CommandResult> {
  const { exitCode, stdout, stderr } = await startMoonlight(args, workspace);
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

/** Events of a `--json` run and its summary line. */
export function parseJsonRun(stdout: string): {
  events: readonly { type: string; stage?: string }[];
  summary: Summary;
} {
  const lines = stdout.split("\n").filter((line) => line !== "");
  const events = lines
    .slice(0, -1)
    .map((line) =>
      z.looseObject({ type: z.string(), stage: z.string().optional() }).parse(JSON.parse(line)),
    );
  return {
    events: events.map(({ type, stage }) => ({ type, ...(stage === undefined ? {} : { stage }) })),
    summary: summarySchema.parse(JSON.parse(lines.at(-1) ?? "")),
  };
}

/** Every artifact in a run's outputs as "path.of.field = kind:digest", sorted. */
export function artifactDigests(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  const artifact = z.object({ digest: z.string() }).safeParse(value);
  if (artifact.success) return [`${path} = ${artifact.data.digest}`];
  return Object.entries(value)
    .flatMap(([key, child]) => artifactDigests(child, path === "" ? key : `${path}.${key}`))
    .sort();
}
