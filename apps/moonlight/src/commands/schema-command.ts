import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";
import { Command } from "commander";

/** `moonlight schema [NAME]`: what a command writes with `--json`. */
export function schemaCommand(): Command {
  const command = new Command("schema")
    .description("The JSON Schema of what a command writes with --json, line by line.")
    .argument("[command]", "as in the list, for example run or runs-show; default: list them");
  command.addHelpText(
    "before",
    "Examples:\n  $ moonlight schema\n  $ moonlight schema run > run.schema.json\n",
  );
  return addCommonOptions(command).action(async (name: string | undefined) => {
    const { cliSession } = await import("@moonlight-rl/pipeline");
    const flags: { json?: boolean } = command.optsWithGlobals();
    const { io } = cliSession(command);
    const { jsonSchemaOf, schemaNames } = await import("../schemas/json-schema.ts");
    if (name !== undefined) {
      io.stdout.write(`${JSON.stringify(await jsonSchemaOf(name), null, 2)}\n`);
      return;
    }
    const names = await schemaNames();
    const lines =
      flags.json === true
        ? names.map((one) => JSON.stringify({ type: "schema", name: one }))
        : names;
    io.stdout.write(`${lines.join("\n")}\n`);
  });
}
