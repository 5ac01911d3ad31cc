import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { formatDuration, formatPercent, formatTable } from "@moonlight-rl/core";
import { renderP } from "@moonlight-rl/eval";
import { startHubServer } from "@moonlight-rl/hub";
import { assetsDirectory, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { Command } from "commander";
import { curvesSvg } from "./curves-svg.ts";
import type { LearningCurve } from "./learning-curve.ts";
import { runOnce, type Outcome } from "./run-once.ts";
import { shuffleLabels } from "./shuffled-labels.ts";

interface Flags {
  readonly seeds: string;
  readonly control: boolean;
  readonly json?: true;
  readonly curves?: string;
  readonly workspace: string;
  readonly set: readonly string[];
}

/** With labels that mean nothing the policy soon gives answers that are never rewarded, and the run stops (ROLLOUT_STARVED, about rollout 126): the control ends before that. */
const CONTROL: readonly string[] = ["rollout.numRollout=100"];

const program = new Command("learning")
  .description(
    "Runs the default pipeline with several seeds, and once with shuffled labels as a control.",
  )
  .option("--seeds <list>", "seeds, separated by commas; empty for none", "1,2,3,4,5")
  .option("--json", "one JSON object a line instead of the table")
  .option("--curves <file>", "draw the seeds' curves as SVG")
  .option("--no-control", "leave out the run with shuffled labels")
  .option("--workspace <folder>", "where runs and artifacts go", ".moonlight-learning")
  .option(
    "--set <path=value>",
    "change a field of the recipe (repeatable)",
    (value: string, before: readonly string[]) => [...before, value],
    [],
  )
  .action(async ({ seeds, control, json, curves, workspace, set }: Flags) => {
    const rows: string[][] = [];
    const drawn: LearningCurve[] = [];
    const add = (name: string, outcome: Outcome): void => {
      rows.push(row(name, outcome));
      console.log(json ? JSON.stringify(figures(name, outcome)) : table().split("\n").at(-1));
    };
    const table = (): string =>
      formatTable(
        ["run", "base", "trained", "difference", "p", "answered", "training"].map((title) => ({
          title,
        })),
        rows,
      );
    const folder = resolve(workspace);
    for (const seed of seeds
      .split(",")
      .filter((seed) => seed !== "")
      .map(Number)) {
      const outcome = await runOnce(seed, folder, set);
      drawn.push(outcome.curve);
      add(`seed ${seed}`, outcome);
    }
    if (curves !== undefined) await writeFile(curves, curvesSvg(drawn));
    if (control)
      add(
        "control: shuffled labels, 100 rollouts",
        await withShuffledLabels((endpoint) => runOnce(1, folder, [...set, ...CONTROL], endpoint)),
      );
    if (!json) console.log(`\n${table()}`);
  });

await program.parseAsync();

function row(name: string, { base, trained, trainSeconds }: Outcome): string[] {
  const { comparison } = trained;
  const percent = (result: Outcome["base"]): string => formatPercent(result.accuracy.mean);
  return [
    name,
    percent(base),
    percent(trained),
    comparison === undefined
      ? ""
      : `${comparison.difference < 0 ? "−" : "+"}${Math.abs(comparison.difference * 100).toFixed(1)} points`,
    comparison === undefined ? "" : renderP(comparison),
    `${formatPercent(base.closedShare)} → ${formatPercent(trained.closedShare)}`,
    formatDuration(trainSeconds),
  ];
}

/** Accuracies before and after as shares, and the paired test between them. */
function figures(run: string, { base, trained }: Outcome) {
  return {
    run,
    base: base.accuracy.mean,
    trained: trained.accuracy.mean,
    difference: trained.comparison?.difference ?? null,
    pValue: trained.comparison?.pValue ?? null,
  };
}

/** Serves the bundled repositories, but with the labels of the training prompts shuffled. */
async function withShuffledLabels<T>(use: (endpoint: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "moonlight-control-"));
  await cp(assetsDirectory, root, { recursive: true });
  const file = join(root, "datasets", PROMPT_DATA, "tiny-dapo-math.jsonl");
  await writeFile(file, shuffleLabels(await readFile(file, "utf8"), 1));
  const server = await startHubServer({ root });
  try {
    return await use(server.url);
  } finally {
    await server.close();
    await rm(root, { recursive: true });
  }
}
