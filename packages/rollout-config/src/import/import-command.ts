import { VerificationError } from "@moonlight-rl/core";
import { defineSubcommand } from "@moonlight-rl/pipeline";
import { importInput, importOutput } from "./import-schema.ts";

/** `moonlight import SCRIPT|-`: a launch script or an argv of miles as a recipe. */
export const importCommand = defineSubcommand({
  name: "import",
  title: "Read a miles launch script, or an argv with one argument a line, as a recipe.",
  examples: [
    "run-moonlight.sh > recipe.yaml",
    "run.sh --define BASE_DIR=/data --out imported",
    "-",
  ],
  input: importInput,
  positionals: ["script"],
  output: importOutput,
  run: async (input, context) => (await import("./read-launch.ts")).readLaunch(input, context),
  present: ({
    recipe,
    extra,
    omitted,
    skipped,
    environment,
    unknownEnvironment,
    arguments: count,
  }) =>
    [
      `# Imported from ${count} arguments of miles.`,
      ...(extra.length === 0
        ? []
        : ["# Kept as runtime.extraArgs: flags that no field of the recipe says."]),
      ...(omitted.length === 0
        ? []
        : ["# Kept as runtime.omitFlags: flags that the recipe would have added."]),
      ...skipped.map(({ line, text }) => `# Not followed, line ${line}: ${text}`),
      ...Object.entries(environment).map(
        ([name, value]) => `# Environment: ${name}=${oneLine(value)}`,
      ),
      ...unknownEnvironment.map(
        (name) => `# Environment: ${name} is only known when the script runs`,
      ),
      recipe.trimEnd(),
    ].join("\n"),
  verdict: ({ lost }) =>
    lost.length === 0
      ? undefined
      : new VerificationError(
          "IMPORT_LOST",
          `The recipe says otherwise than the argv: ${lost.map(({ dest }) => dest).join(", ")}.`,
          { hint: "Keep the argv itself, and report these flags." },
        ),
});

function oneLine(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
