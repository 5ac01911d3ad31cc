import { Command } from "commander";
import { stageCommand } from "@moonlight-rl/pipeline";

const EXAMPLES = `Examples:
  $ moonlight run                        the whole pipeline over the bundled tiny model, minutes on a laptop
  $ moonlight plan                       what would run, and why
  $ moonlight runs show                  what the last run did
  $ moonlight fetch --help               one stage alone
`;

/** The commands in the order of the help, each loaded only when it is needed: that is most of the time a start takes. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./commands/run-command.ts")).runCommand(),
  plan: async () => (await import("./commands/plan-command.ts")).planCommand(),
  fetch: async () => stageCommand((await import("@moonlight-rl/fetch")).fetch),
  convert: async () => stageCommand((await import("@moonlight-rl/convert")).convert),
  "rollout-config": async () =>
    stageCommand((await import("@moonlight-rl/rollout-config")).rolloutConfig),
  train: async () => stageCommand((await import("@moonlight-rl/train")).train),
  eval: async () => stageCommand((await import("@moonlight-rl/eval")).evaluate),
  import: async () =>
    subcommandOf((await import("@moonlight-rl/rollout-config")).rolloutConfig, "import"),
  doctor: async () => subcommandOf((await import("@moonlight-rl/train")).train, "doctor"),
  debug: async () => subcommandOf((await import("@moonlight-rl/train")).train, "debug"),
  dump: async () => subcommandOf((await import("@moonlight-rl/train")).train, "dump"),
  runs: async () => (await import("./commands/runs-command.ts")).runsCommand(),
  report: async () => (await import("./commands/report-command.ts")).reportCommand(),
  logs: async () => (await import("./commands/logs-command.ts")).logsCommand(),
  serve: async () => (await import("./commands/serve-command.ts")).serveCommand(),
  hub: async () => (await import("./commands/hub-command.ts")).hubCommand(),
};

/** A stage's subcommand that people look for at the top. */
function subcommandOf(stage: Parameters<typeof stageCommand>[0], name: string): Command {
  const found = stageCommand(stage).commands.find((command) => command.name() === name);
  if (found === undefined) throw new Error(`${stage.name} has no ${name}`);
  return found;
}

/**
 * The `moonlight` program; run it with `runCli`.
 *
 * @param first the first argument: a command's name loads that command alone, anything else all of them
 */
export async function createProgram(version: string, first?: string): Promise<Command> {
  const program = new Command("moonlight")
    .description(
      "The reinforcement-learning pipeline of Moonlight-16B-A3B: fetch, convert, rollout-config, train, eval.",
    )
    .version(version);
  program.addHelpText("before", EXAMPLES);
  const named = first !== undefined && Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  const loaders = named === undefined ? Object.values(COMMANDS) : [named];
  for (const command of await Promise.all(loaders.map((load) => load()))) {
    program.addCommand(command);
  }
  return program;
}
