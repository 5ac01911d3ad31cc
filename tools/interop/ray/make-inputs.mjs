// What the stand-in needs: a recipe, a base checkpoint, and the checkpoints that it "trains".
//   node make-inputs.mjs FOLDER ROLLOUTS SAVE_INTERVAL
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeTestIteration } from "@moonlight-rl/miles/testing";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";

const [folder = "", rollouts = "", interval = ""] = process.argv.slice(2);
const modelDir = join(assetsDirectory, "models", MODEL);
const { recipe } = resolveRecipe({
  profile: "tiny",
  set: [
    `rollout.numRollout=${rollouts}`,
    `checkpoint.saveInterval=${interval}`,
    "rollout.numStepsPerRollout=2",
    "eval.interval=null",
  ],
});
await mkdir(join(folder, "recipe"), { recursive: true });
await writeFile(join(folder, "recipe", "recipe.json"), JSON.stringify(recipe));
await writeTestIteration(join(folder, "base"), modelDir, { iteration: "release" });
for (
  let iteration = Number(interval) - 1;
  iteration < Number(rollouts);
  iteration += Number(interval)
)
  await writeTestIteration(join(folder, "saves"), modelDir, {
    iteration,
    shift: (iteration + 1) / 64,
  });
await rm(join(folder, "saves", "latest_checkpointed_iteration.txt"));
