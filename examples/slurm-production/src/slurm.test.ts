import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { runStage } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config";
import { planJob, renderJob } from "./render-job.ts";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "slurm-"));
after(() => rm(folder, { recursive: true, force: true }));

const options = { workspace: join(folder, "workspace") };
const recipe = join(import.meta.dirname, "..", "recipe.yaml");
const job = { files: [recipe], root: "/shared" };
const file = join(folder, "job.sbatch");

test("the script asks Slurm for what the recipe says, and is bash", async () => {
  const text = await renderJob(job, file, options);
  assert.equal(await readFile(file, "utf8"), `${text}\n`);
  const asked = text.split("\n").filter((line) => line.startsWith("#SBATCH "));
  for (const option of [
    "--nodes=2",
    "--gpus-per-node=8",
    "--partition=gpu",
    "--account=research",
    "--qos=high",
    "--time=2880",
  ])
    assert.ok(asked.includes(`#SBATCH ${option}`), `${option} is not in ${asked.join("; ")}`);
  await run("bash", ["-n", file]);
});

test("it carries the very arguments that --render argv prints, in order", async () => {
  const { argv = [] } = await runStage(
    rolloutConfig,
    { files: [recipe], root: "/shared", render: "argv" },
    options,
  );
  const text = await readFile(file, "utf8");
  const list = /^args=\([\s\S]*?^\)/m.exec(text)?.[0] ?? "";
  const { stdout } = await run("bash", ["-c", `${list}\nprintf '%s\\n' "\${args[@]}"`]);
  assert.deepEqual(stdout.trimEnd().split("\n"), argv);
  assert.ok(argv.length > 100);
});

test("its plan names memory, disk and time", async () => {
  const plan = await planJob(job, options);
  for (const word of [/GiB/, /TB|GB/, /hour|day|min|h\b/]) assert.match(plan ?? "", word);
});

test("a recipe that cannot run is refused, and no script is left", async () => {
  const wrong = join(folder, "wrong.yaml");
  await writeFile(wrong, "parallelism: { tensorModelParallelSize: 3 }\n");
  const nowhere = join(folder, "wrong.sbatch");
  await assert.rejects(renderJob({ ...job, files: [recipe, wrong] }, nowhere, options), {
    exitCode: 2,
  });
  assert.equal(existsSync(nowhere), false);
});
