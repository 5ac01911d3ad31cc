import { defineStage } from "@moonlight-rl/pipeline";
import { inputSchema, outputSchema } from "./input.ts";

/** Keeps the prompts that a policy solves sometimes: only groups whose rewards differ teach anything. */
export const solvablePrompts = defineStage({
  name: "solvable-prompts",
  title: "Keep the prompts that a policy solves sometimes.",
  from: import.meta.url,
  input: inputSchema,
  output: outputSchema,
  examples: ["--data ./dapo --data-file dapo.jsonl --result ./eval-of-base"],
  async run(input, context) {
    return (await import("./select-rows.ts")).selectRows(input, context);
  },
});
