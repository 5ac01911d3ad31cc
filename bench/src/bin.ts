import { setMaxListeners } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { EXIT_CODE } from "@moonlight-rl/core";
import { Command, InvalidArgumentError } from "commander";
import { machineState } from "./measure/machine.ts";
import { scratchFolder } from "./measure/scratch-folder.ts";
import { parseSize } from "./measure/size.ts";
import { BENCHES } from "./registry.ts";
import { belowGoal, reportText } from "./report-text.ts";
import { readGoals } from "./row.ts";
import { runBenches } from "./run-benches.ts";

interface Flags {
  readonly json?: true;
  readonly size: number;
  readonly repeat: number;
  readonly keep?: string;
  readonly miles?: string;
}

const program = new Command("bench")
  .description("Measures Moonlight RL beside named peers, in the same run and on the same machine.")
  .argument("[bench...]", `of ${BENCHES.map(({ name }) => name).join(", ")}; default all`)
  .option("--json", "one JSON object a line on standard output")
  .option("--size <bytes>", "data that benches make, such as 512MB", size, 4e9)
  .option("--repeat <count>", "runs of each contender; figures are medians", count, 3)
  .option("--keep <folder>", "keep data there, and find it again next time")
  .option("--miles <folder>", "checkout of the reference, whose graders bench reward runs")
  .addHelpText(
    "after",
    `\nBenches:\n${BENCHES.map(({ name, what }) => `  ${name.padEnd(9)} ${what}`).join("\n")}

Exit code: 0 all goals reached, 1 a row is missing, 5 a row is below its goal.`,
  )
  .action(main);

await program.parseAsync();

async function main(wanted: readonly string[], flags: Flags): Promise<void> {
  const unknown = wanted.filter((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown.length > 0)
    program.error(`error: there is no bench ${unknown.join(", ")}`, { exitCode: EXIT_CODE.usage });
  const benches = BENCHES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const json = flags.json === true;
  const stop = new AbortController();
  // Contenders run several commands at once, and each listens.
  setMaxListeners(100, stop.signal);
  // Listeners that stay: after the last one is gone, execa's own ends the process before anything is tidied up.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      stop.abort();
    });
  if (flags.keep !== undefined) await mkdir(flags.keep, { recursive: true });
  const folder = flags.keep === undefined ? await scratchFolder(tmpdir()) : resolve(flags.keep);
  try {
    console.error(await machineState());
    const report = await runBenches(
      benches,
      await readGoals(),
      {
        size: flags.size,
        repeat: flags.repeat,
        folder,
        signal: stop.signal,
        miles: flags.miles && resolve(flags.miles),
      },
      {
        row: (row) => {
          if (json) console.log(JSON.stringify(row));
        },
        miss: ({ reason, ...miss }) => {
          if (json)
            console.log(
              JSON.stringify({ ...miss, value: null, unit: null, ratio: null, miss: reason }),
            );
        },
        note: (text) => {
          console.error(text);
        },
      },
    );
    if (!json) console.log(`\n${reportText(report)}`);
    process.exitCode = stop.signal.aborted
      ? EXIT_CODE.interrupted
      : report.misses.length > 0
        ? EXIT_CODE.failed
        : belowGoal(report).length > 0
          ? EXIT_CODE.gate
          : EXIT_CODE.ok;
  } finally {
    if (flags.keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

function size(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError("Write it as 4GB, 512MB or 100000000.");
  return bytes;
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100) return value;
  throw new InvalidArgumentError("It is a number from 1 to 100.");
}
