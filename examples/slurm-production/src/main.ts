import { toMoonlightError } from "@moonlight-rl/core";
import { createEventView, formatError, processIo } from "@moonlight-rl/pipeline";
import { planJob, renderJob } from "./render-job.ts";

// npm start -- /shared job.sbatch
const [root = "/shared", file = "job.sbatch"] = process.argv.slice(2);
const job = { files: ["recipe.yaml"], root };
// Warnings and notes about the recipe go to standard error.
const view = createEventView(processIo());
try {
  console.log(await planJob(job));
  await renderJob(job, file, { onEvent: (event) => view.handle(event) });
  console.log(`\n${file} is written: sbatch ${file}`);
} catch (cause) {
  const error = toMoonlightError(cause);
  console.error(formatError(error));
  process.exitCode = error.exitCode;
} finally {
  view.close();
}
