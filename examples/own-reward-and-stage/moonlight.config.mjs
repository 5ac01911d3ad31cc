import { solvablePrompts } from "@acme/solvable-prompts";
import { defineConfig } from "@moonlight-rl/moonlight";
import { ours } from "./dist/pipeline.js";

export default defineConfig({
  stages: [solvablePrompts], // npx moonlight solvable-prompts --help
  pipelines: { ours }, // npx moonlight run --pipeline ours --param looked=1000
});
