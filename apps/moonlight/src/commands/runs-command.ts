import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";
import { Command, InvalidArgumentError, Option } from "commander";

const OUTCOMES = ["correct", "wrong", "no_answer", "unparsable", "truncated", "timed_out"];
const STAGES = ["train", "eval-base", "eval-trained"];
const RUN = "id, a unique part of it, latest, or latest~1 (the one before)";

/** `moonlight runs list|show|compare|samples`. */
export function runsCommand(): Command {
  const command = new Command("runs").description("Look at earlier runs.");
  command.addHelpText(
    "before",
    `Examples:
  $ moonlight runs list
  $ moonlight runs show                            the last run
  $ moonlight runs show 20261123-18                by a unique part of its id
  $ moonlight runs compare 1823 latest             what set two runs apart, and what came of it
  $ moonlight runs samples --outcome wrong --sort -length
  $ moonlight runs samples --show eval-trained/17  one in full, with what was graded
`,
  );
  const list = new Command("list").description("All runs of the workspace, oldest first.");
  addCommonOptions(list).action(async () => (await work()).listAction(list));
  const show = new Command("show")
    .description("Stages, artifacts, figures and environment of one run.")
    .argument("[run]", RUN, "latest");
  addCommonOptions(show).action(async (run: string) => (await work()).showAction(show, run));
  const compare = new Command("compare")
    .description(
      "The first cause that sets two runs apart (recipe, data, code, environment), and the figures.",
    )
    .argument("<before>", RUN)
    .argument("[now]", RUN, "latest");
  addCommonOptions(compare).action(async (before: string, now: string) =>
    (await work()).compareAction(compare, before, now),
  );
  return command.addCommand(list).addCommand(show).addCommand(compare).addCommand(samplesCommand());
}

function samplesCommand(): Command {
  const samples = new Command("samples")
    .description("Browse a run's rollouts and evaluation samples.")
    .argument("[run]", RUN, "latest")
    .addOption(new Option("--stage <stage>", "only those of this stage").choices(STAGES))
    .addOption(new Option("--outcome <outcome...>", "only those that ended so").choices(OUTCOMES))
    .option("--step <number>", "only those of this rollout", wholeNumber)
    .addOption(
      new Option("--sort <order>", "largest first; with - smallest first").choices([
        "reward",
        "-reward",
        "length",
        "-length",
      ]),
    )
    .option("--limit <number>", "most rows", wholeNumber, 20)
    .option("--show <sample>", "one in full, by its name in the list");
  return addCommonOptions(samples).action(async (run: string) =>
    (await work()).samplesAction(samples, run),
  );
}

/** Loaded when a command runs: `--help` must be quick. */
const work = () => import("./runs-action.ts");

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError("expected a whole number");
}
