import { readEvalResult, renderSummary } from "@moonlight-rl/eval";
import { withEndpoint } from "@moonlight-rl/moonlight";
import { createEventView, processIo, runPipeline } from "@moonlight-rl/pipeline";
import { ours } from "./pipeline.ts";

// Arguments are fields of the recipe: npm start -- rollout.numRollout=40
const set = process.argv.slice(2);
const view = createEventView(processIo());
const { id, outputs } = await withEndpoint({ profile: "tiny" }, process.env, (endpoint) =>
  runPipeline(
    ours,
    { set, ...(endpoint && { endpoint }) },
    { onEvent: (event) => view.handle(event) },
  ),
);
view.close();
const rows = [
  { title: "base", result: await readEvalResult(outputs.before.path) },
  { title: "trained", result: await readEvalResult(outputs.after.path) },
];
console.log(`\n${outputs.kept} prompts were kept\n\n${renderSummary(rows)}\n\nrun  ${id}`);
