import { withEndpoint } from "@moonlight-rl/moonlight";
import { createEventView, processIo, runPipeline } from "@moonlight-rl/pipeline";
import { sweep } from "./sweep.ts";
import { sweepTable } from "./sweep-table.ts";

// npm start -- 0.2 0.28 0.4
const values = process.argv.slice(2).map(Number);
const view = createEventView(processIo());
// The tiny model and its data come from a Hub server of this process, unless HF_ENDPOINT names another.
const run = await withEndpoint({ profile: "tiny" }, process.env, (endpoint) =>
  runPipeline(
    sweep,
    { ...(values.length > 0 && { clipHigh: values }), ...(endpoint && { endpoint }) },
    { onEvent: (event) => view.handle(event) },
  ),
);
view.close();
console.log(`\n${await sweepTable(run.outputs.points)}\n\nrun  ${run.id}`);
