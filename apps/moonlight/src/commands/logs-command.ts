import { Command, InvalidArgumentError } from "commander";
import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";
import type { WatchEvent } from "@moonlight-rl/miles";

interface Flags {
  readonly json?: boolean;
  readonly alarms?: boolean;
  readonly steps?: boolean;
  readonly groups?: number;
}

/** `moonlight logs FILE|-`: what a log of the miles framework says. */
export function logsCommand(): Command {
  const command = new Command("logs")
    .description(
      "Read a training job's log: rollouts and steps as a table, alarms, hangs, failures.",
    )
    .argument("<file>", "log of the job, or - for standard input")
    .option("--alarms", "only what is wrong: alarms, hangs, failures")
    .option("--steps", "a row for each optimizer step instead of each rollout")
    .option(
      "--groups <number>",
      "groups that a rollout trains on (--rollout-batch-size): lets filtered and uniform groups be judged",
      positive,
    );
  command.addHelpText(
    "before",
    `Examples:
  $ moonlight logs train.log                       rollouts, and what is wrong
  $ ray job logs raysubmit_1 | moonlight logs -    of a job on a Ray cluster
  $ moonlight logs train.log --alarms --groups 128 only what is wrong
  $ moonlight logs train.log --json | jq 'select(.type == "step")'
`,
  );
  addCommonOptions(command).action(async (file: string) => {
    const { cliSession } = await import("@moonlight-rl/pipeline");
    const flags: Flags = command.optsWithGlobals();
    const { io, signal } = cliSession(command);
    // Loaded here: the parser is most of the time that --help would take.
    const { readJobLog } = await import("../logs/read-job-log.ts");
    const { RolloutRows } = await import("../logs/rollout-rows.ts");
    const { findingText, rolloutTable, stateText, stepTable } = await import("../logs/log-text.ts");
    const rows = new RolloutRows();
    const findings: WatchEvent[] = [];
    const write = (value: object): void => {
      io.stdout.write(`${JSON.stringify(value, finite)}\n`);
    };
    const { watch, bytes, seconds } = await readJobLog(file, {
      signal,
      ...(flags.groups === undefined ? {} : { groupsPerRollout: flags.groups }),
      onEvent(event) {
        if (flags.json !== true) rows.observe(event);
        else if (flags.alarms !== true && event.kind !== "plain" && event.kind !== "failure") {
          const { kind, ...rest } = event;
          write({ type: kind, ...rest });
        }
      },
      onFinding(event) {
        if (flags.json !== true) findings.push(event);
        else if (flags.alarms !== true || event.type !== "phase") write(event);
      },
    });
    const state = watch.state();
    if (flags.json === true) {
      write({ type: "summary", status: "ok", bytes, seconds, ...state });
      return;
    }
    const wrong = findings.map(findingText).filter((text) => text !== undefined);
    const table = flags.steps === true ? stepTable(rows.steps) : rolloutTable(rows.rollouts);
    const parts = [
      ...(flags.alarms === true ? [] : [table]),
      ...(wrong.length === 0 ? ["nothing wrong was found"] : [wrong.join("\n")]),
      stateText(state, seconds),
    ];
    io.stdout.write(`${parts.join("\n\n")}\n`);
  });
  return command;
}

/** JSON has no NaN and no infinity: they travel as their names, as in all our events. */
function finite(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It is a whole number from 1 on.");
}
