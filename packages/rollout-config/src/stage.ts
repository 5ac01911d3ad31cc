import { defineStage, type StageOutput } from "@moonlight-rl/pipeline";
import { diffCommand } from "./diff/diff-command.ts";
import { importCommand } from "./import/import-command.ts";
import { inputSchema, outputSchema } from "./input.ts";
import { readRecipeFiles } from "./layers/read-recipe-files.ts";

const stage = defineStage({
  name: "rollout-config",
  title: "Resolve, check and render the training recipe.",
  from: import.meta.url,
  input: inputSchema,
  output: outputSchema,
  commands: [diffCommand, importCommand],
  examples: [
    "--profile tiny --set rollout.numRollout=20",
    "--profile moonlight-16b-a3b --root /root --render argv",
    "--profile moonlight-16b-a3b --root /root --render script > train.sh",
    "--profile moonlight-16b-a3b --render plan --set cluster.gpuType=h200-141",
    "--profile moonlight-16b-a3b --render rollout --difficulty 0:0.3,0.2:0.5,0.9:0.2",
    "--files recipe.yaml",
  ],
  async resolve(input) {
    const [record] = await readRecipeFiles(
      input.importRecord === undefined ? [] : [input.importRecord],
    );
    return {
      ...input,
      files: await readRecipeFiles(input.files),
      ...(record === undefined ? {} : { importRecord: record }),
    };
  },
  async plan(input) {
    return (await import("./configure.ts")).planConfiguration(input);
  },
  async run(input, context) {
    return (await import("./configure.ts")).configure(input, context);
  },
});

/** Resolves, checks and renders the training recipe: profile < files < `--set`. */
export const rolloutConfig = Object.assign(stage, {
  /** What the command prints instead of a table of the output, so that a rendering can be piped. */
  present: (output: StageOutput<typeof stage>): string | undefined =>
    output.text ?? output.argv?.join("\n"),
});
