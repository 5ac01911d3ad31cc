import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatDuration } from "@moonlight-rl/core";
import { argvFindings, renderArgv, runtimeEnv, validateArgv } from "@moonlight-rl/miles";
import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { checkRecipe, planFindings, planRecipe, resolveRecipe } from "@moonlight-rl/recipe";
import type { Bench, BenchOptions, Findings } from "../bench.ts";
import { medianMs } from "../measure/repeat.ts";
import { scratchFolder } from "../measure/scratch-folder.ts";
import { timedCommand } from "../measure/timed-command.ts";

const BIN = fileURLToPath(new URL("../../../apps/moonlight/bin/moonlight.js", import.meta.url));
/** Process starts are short and noisy, so each is taken this many times more often than `--repeat` says. */
const STARTS = 5;
const HELPS = ["run", "plan", "runs", "fetch", "convert", "rollout-config", "train", "eval"];
/** The whole pipeline, as short as it can be: what counts is the run after it. */
const SHORT_RUN = [
  "--set=rollout.numRollout=2",
  "--set=rollout.rolloutBatchSize=16",
  "--set=rollout.overSamplingBatchSize=32",
  "--set=checkpoint.saveInterval=2",
  "--set=eval.interval=2",
  "--set=eval.nSamplesPerPrompt=1",
];

export const cliBench: Bench = {
  name: "cli",
  what: "how long a user waits for --help, for a run that has nothing to do, and for a checked recipe",
  async run(options, findings) {
    recipe(findings);
    await recipeCommand(options, findings);
    await help(options, findings);
    await cachedRun(options, findings);
  },
};

/**
 * What `rollout-config --profile moonlight-16b-a3b --render argv` computes, without the process around it. Once: a command
 * line resolves one recipe and ends, so nothing is warm.
 */
function recipe(findings: Findings): void {
  const start = performance.now();
  const { recipe } = resolveRecipe({ profile: "moonlight-16b-a3b", root: "/root" });
  const config = MOONLIGHT_16B_A3B;
  const faults = [
    ...checkRecipe(recipe, config, "miles"),
    ...planFindings(planRecipe(recipe, config, {})),
  ];
  const argv = renderArgv(recipe, config);
  const env = runtimeEnv(recipe, false);
  faults.push(
    ...argvFindings(validateArgv(argv, { hfConfig: { ...config }, env }), recipe, { env }),
  );
  const ms = performance.now() - start;
  if (argv.length === 0 || faults.some(({ severity }) => severity === "error"))
    throw new Error("the recipe of the profile moonlight-16b-a3b is refused");
  limit(findings, "recipe-validate-render", ms, 100);
}

/** The same as a command line, in a workspace that has seen none. */
async function recipeCommand({ repeat, signal }: BenchOptions, findings: Findings): Promise<void> {
  const folder = await scratchFolder(tmpdir());
  const args = "rollout-config --profile moonlight-16b-a3b --root /root --render argv".split(" ");
  let runs = 0;
  try {
    const ms = await medianMs(
      () =>
        timedCommand(process.execPath, [BIN, ...args], {
          env: { MOONLIGHT_WORKSPACE: join(folder, String(runs++)) },
          cancelSignal: signal,
        }),
      { count: repeat * STARTS, warmUp: 1 },
    );
    limit(findings, "recipe-cold", ms, 400);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The help of the program, and of each command that a user types often; the slowest of those counts. */
async function help({ repeat, signal }: BenchOptions, findings: Findings): Promise<void> {
  const start = (...args: readonly string[]): Promise<number> =>
    medianMs(
      () => timedCommand(process.execPath, args, { cancelSignal: signal }),
      // A new process each time; files of the installation are in the page cache.
      { count: repeat * STARTS, warmUp: 1 },
    );
  const node = await start("-e", "0");
  const program = await start(BIN, "--help");
  limit(findings, "help-cold", program, 200);
  const times = new Map<string, number>();
  for (const command of HELPS) times.set(command, await start(BIN, command, "--help"));
  limit(findings, "command-help-cold", Math.max(...times.values()), 200);
  findings.figure({
    metric: "help-over-node",
    peer: "node -e 0",
    unit: "ms",
    ours: program,
    theirs: node,
    better: "smaller",
  });
  const list = [...times].map(([command, ms]) => `${command} ${Math.round(ms)}`).join(", ");
  findings.note(`cli: --help in ms: node -e 0 ${Math.round(node)}, ${list}`);
}

async function cachedRun({ repeat, signal }: BenchOptions, findings: Findings): Promise<void> {
  const workspace = await scratchFolder(tmpdir());
  const run = (): ReturnType<typeof timedCommand> =>
    timedCommand(process.execPath, [BIN, "run", "--json", ...SHORT_RUN], {
      env: { MOONLIGHT_WORKSPACE: workspace },
      cancelSignal: signal,
    });
  try {
    const first = await run();
    findings.note(`cli: the first run took ${formatDuration(first.seconds)}`);
    const ms = await medianMs(
      async () => {
        const { stdout } = await run();
        if (stdout.includes('"stage.finished"'))
          throw new Error("the second run did not reuse every stage");
      },
      { count: repeat, warmUp: 0 },
    );
    limit(findings, "run-cached", ms, 2000);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

function limit(findings: Findings, metric: string, ours: number, most: number): void {
  findings.figure({
    metric,
    peer: most < 1000 ? `${most} ms` : `${most / 1000} s`,
    unit: "ms",
    ours,
    theirs: most,
    better: "smaller",
  });
}
