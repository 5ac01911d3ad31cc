import { Command } from "commander";
import { convert } from "@moonlight-rl/convert";
import { evaluate } from "@moonlight-rl/eval";
import { fetch } from "@moonlight-rl/fetch";
import { stageCommand } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config";
import { train } from "@moonlight-rl/train";
import { hubCommand } from "./commands/hub-command.ts";
import { planCommand } from "./commands/plan-command.ts";
import { reportCommand } from "./commands/report-command.ts";
import { runCommand } from "./commands/run-command.ts";
import { runsCommand } from "./commands/runs-command.ts";

const EXAMPLES = `Examples:
  $ moonlight run                        the whole pipeline over the bundled tiny model, minutes on a laptop
  $ moonlight plan                       what would run, and why
  $ moonlight runs show                  what the last run did
  $ moonlight fetch --help               one stage alone
`;

/** The `moonlight` program; run it with `runCli`. */
export function createProgram(version: string): Command {
  const program = new Command("moonlight")
    .description(
      "The reinforcement-learning pipeline of Moonlight-16B-A3B: fetch, convert, rollout-config, train, eval.",
    )
    .version(version);
  program.addHelpText("before", EXAMPLES);
  const stages = [fetch, convert, rolloutConfig, train, evaluate].map((stage) =>
    stageCommand(stage),
  );
  for (const command of [
    runCommand(),
    planCommand(),
    ...stages,
    runsCommand(),
    reportCommand(),
    hubCommand(),
  ])
    program.addCommand(command);
  return program;
}
