import type { Stage } from "@moonlight-rl/pipeline";
import { Command } from "commander";
import type { CommandEntry } from "./commands/command-entry.ts";
import { stageCommand, stageEntry } from "./commands/stage-entry.ts";

const EXAMPLES = `Examples:
  $ moonlight run            the whole pipeline over the bundled tiny model
  $ moonlight plan           what would run, and why
  $ moonlight runs show      what the last run did
  $ moonlight fetch --help   one stage alone
`;

const rolloutConfig = async (): Promise<Stage> =>
  (await import("@moonlight-rl/rollout-config/stage")).rolloutConfig;
const train = async (): Promise<Stage> => (await import("@moonlight-rl/train/stage")).train;

/** The commands in the order of the help. Their modules are loaded only when they are needed: that is most of the time a start takes. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    description:
      "Run the pipeline: fetch, convert, configure, evaluate, train, export, evaluate, report.",
    load: async () => (await import("./commands/run-command.ts")).runCommand(),
  },
  plan: {
    description:
      "Say what a run would do and why: reuse or run, first differing input, bytes, commands.",
    load: async () => (await import("./commands/plan-command.ts")).planCommand(),
  },
  fetch: stageEntry(
    "Fetch models and datasets from a Hugging Face Hub, verified and resumable.",
    "fetch",
    async () => (await import("@moonlight-rl/fetch/stage")).fetch,
  ),
  convert: stageEntry(
    "Convert Hugging Face safetensors to Megatron torch_dist and back, without a GPU.",
    "convert",
    async () => (await import("@moonlight-rl/convert/stage")).convert,
  ),
  "rollout-config": stageEntry(
    "Resolve, check and render the training recipe.",
    "rollout-config",
    rolloutConfig,
  ),
  train: stageEntry("Train a torch_dist checkpoint by a recipe (GRPO)", "train", train),
  eval: stageEntry(
    "Evaluate a policy: avg@n, pass@k, intervals, paired comparison",
    "eval",
    async () => (await import("@moonlight-rl/eval/stage")).evaluate,
  ),
  import: stageEntry(
    "Read a miles launch script, or an argv with one argument a line, as a recipe.",
    "rollout-config",
    rolloutConfig,
    "import",
  ),
  doctor: stageEntry(
    "Look whether this machine, or a Ray cluster, can run a recipe. Changes nothing, kills nothing.",
    "train",
    train,
    "doctor",
  ),
  debug: stageEntry(
    "Run a part of training on miles alone: rollouts, steps on kept rollouts, one step, or an evaluation.",
    "train",
    train,
    "debug",
  ),
  dump: stageEntry(
    "Show the rollouts that miles kept (debug.saveRolloutData, debug.dumpDetails).",
    "train",
    train,
    "dump",
  ),
  runs: {
    description: "Look at earlier runs.",
    load: async () => (await import("./commands/runs-command.ts")).runsCommand(),
  },
  report: {
    description: "Write a run's report: one HTML file without any outside reference.",
    load: async () => (await import("./commands/report-command.ts")).reportCommand(),
  },
  ui: {
    description: "Look at runs in a browser: progress, curves, rollouts, evaluations, artifacts.",
    load: async () => (await import("./commands/ui-command.ts")).uiCommand(),
  },
  logs: {
    description:
      "Read a training job's log: rollouts and steps as a table, alarms, hangs, failures.",
    load: async () => (await import("./commands/logs-command.ts")).logsCommand(),
  },
  serve: {
    description:
      "Serve a model: OpenAI's /v1/completions and /v1/chat/completions, SGLang's /generate.",
    load: async () => (await import("./commands/serve-command.ts")).serveCommand(),
  },
  explain: {
    description: "What an error or warning means by its code, what causes it, what to do.",
    load: async () => (await import("./commands/explain-command.ts")).explainCommand(),
  },
  config: {
    description: "The settings that run and plan would take, and where each comes from.",
    load: async () => (await import("./commands/config-command.ts")).configCommand(),
  },
  schema: {
    description: "The JSON Schema of what a command writes with --json, line by line.",
    load: async () => (await import("./commands/schema-command.ts")).schemaCommand(),
  },
  completion: {
    description: "Print a script that completes moonlight's commands and flags in a shell.",
    load: async () => (await import("./commands/completion-command.ts")).completionCommand(),
  },
  hub: {
    description: "The Hugging Face Hub's protocol.",
    load: async () => (await import("./commands/hub-command.ts")).hubCommand(),
  },
};

/** A stage of the user's configuration, when nothing of ours has that name. */
async function configuredCommand(name: string): Promise<Command | undefined> {
  if (!/^[a-z][a-z0-9-]*$/.test(name) || name === "help") return undefined;
  const { loadConfig } = await import("./config/load-config.ts");
  const stages = (await loadConfig({ env: process.env }))?.config.stages ?? [];
  const stage = stages.find((one) => one.name === name);
  return stage === undefined ? undefined : stageCommand(stage);
}

/**
 * The `moonlight` program; run it with `runCli`.
 *
 * @param argv the arguments: the command that they name is loaded alone; without one, all commands are there by name and description
 * only, which is enough for the help and for "did you mean"
 * @param options.forHelp for the help alone: what takes long to load may be left out of the command
 */
export async function createProgram(
  version: string,
  argv: readonly string[],
  { forHelp = false }: { readonly forHelp?: boolean } = {},
): Promise<Command> {
  const program = emptyProgram(version);
  const name = (argv[0] === "help" ? argv[1] : argv[0]) ?? "";
  const named = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (named !== undefined) {
    const load = (forHelp ? named.loadHelp : undefined) ?? named.load;
    return program.addCommand(await load());
  }
  const configured = await configuredCommand(name);
  if (configured !== undefined) return program.addCommand(configured);
  for (const [command, { description }] of Object.entries(COMMANDS)) {
    program.addCommand(new Command(command).description(description));
  }
  return program;
}

/** The program with all commands and their options: for shell completion. */
export async function loadProgram(version: string): Promise<Command> {
  const program = emptyProgram(version);
  for (const { load } of Object.values(COMMANDS)) program.addCommand(await load());
  return program;
}

function emptyProgram(version: string): Command {
  return new Command("moonlight")
    .description(
      "The reinforcement-learning pipeline of Moonlight-16B-A3B: fetch, convert, rollout-config, train, eval.",
    )
    .version(version)
    .addHelpText("before", EXAMPLES);
}
