import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";
import { Command } from "commander";

/** `moonlight explain [CODE]`: what an error means and what to do, without a network. */
export function explainCommand(): Command {
  const command = new Command("explain")
    .description("What an error or warning means by its code, what causes it, what to do.")
    .argument("[code]", "as in `error CODE: …`, or a part of it to list those; default: list all");
  command.addHelpText(
    "before",
    "Examples:\n  $ moonlight explain HUB_UNREACHABLE\n  $ moonlight explain checkpoint\n  $ moonlight explain --json > errors.ndjson\n",
  );
  return addCommonOptions(command).action(async (code: string | undefined) => {
    const { explainAction } = await import("./explain-action.ts");
    await explainAction(command, code);
  });
}
