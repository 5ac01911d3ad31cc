import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";
import { Command } from "commander";
import { addRunOptions } from "./run-options.ts";

/** `moonlight config`: the settings of `run` with the same flags, each with its source. */
export function configCommand(): Command {
  const command = new Command("config").description(
    "The settings that run and plan would take, and where each comes from.",
  );
  command.addHelpText(
    "before",
    `Examples:
  $ moonlight config
  $ moonlight config --profile tiny --seed 3 --json
`,
  );
  return addCommonOptions(addRunOptions(command)).action(async (files: string[]) => {
    const { configAction } = await import("./config-action.ts");
    await configAction(command, files);
  });
}
