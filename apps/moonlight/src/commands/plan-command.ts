import { Command } from "commander";
import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";
import { addRunOptions } from "./run-options.ts";

const EXAMPLES = `Examples:
  $ moonlight plan                           what a run would do, and why
  $ moonlight plan --set optimizer.lr=1e-4   what a change would cost
  $ moonlight plan --from train              whether what is before it is there
`;

/** `moonlight plan`: what `run` with the same flags would do; changes nothing. */
export function planCommand(): Command {
  const command = new Command("plan").description(
    "Say what a run would do and why: reuse or run, first differing input, bytes, commands.",
  );
  command.addHelpText("before", EXAMPLES);
  return addCommonOptions(addRunOptions(command)).action(async (files: string[]) => {
    const { planAction } = await import("./plan-action.ts");
    await planAction(command, files);
  });
}
