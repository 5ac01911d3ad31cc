import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { evaluate, readEvalResult, readSamples, type EvalResult } from "@moonlight-rl/eval";
import { adoptArtifact, runStage, type Artifact } from "@moonlight-rl/pipeline";
import { assetsDirectory, EVAL_DATA, MODEL } from "@moonlight-rl/tiny-moonlight";
import { evaluateEndpoints } from "./evaluate-endpoints.ts";

const model = join(assetsDirectory, "models", MODEL);
const data = join(assetsDirectory, "datasets", EVAL_DATA);
const problems = {
  data,
  dataFile: "tiny-aime.jsonl@[0:60]",
  nSamplesPerPrompt: 2,
  maxResponseLen: 12,
};
const KEY = { EXAMPLE_KEY: "only-for-this-test" };

let workspace = "";
let server: ChildProcess | undefined;
let url = "";

before(async () => {
  workspace = await mkdtemp(join(tmpdir(), "eval-endpoint-"));
  const command = createRequire(import.meta.url).resolve("@moonlight-rl/moonlight/package.json");
  const serve = ["serve", model, "--api-key-env", "EXAMPLE_KEY", "--json"];
  server = spawn(process.execPath, [join(dirname(command), "bin", "moonlight.js"), ...serve], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...KEY },
  });
  assert.ok(server.stdout);
  const [line] = (await once(createInterface(server.stdout), "line")) as [string];
  ({ url } = JSON.parse(line) as { url: string });
});

after(async () => {
  if (server?.exitCode === null && server.kill("SIGTERM")) await once(server, "exit");
  await rm(workspace, { recursive: true, force: true });
});

const options = () => ({ workspace, env: { ...process.env, ...KEY } });

test("the greedy answers are those of the engine itself, over SGLang's protocol", async () => {
  const greedy = { ...problems, nSamplesPerPrompt: 1, temperature: 0 };
  const [served] = await evaluateEndpoints(
    [url],
    { api: "sglang", tokenizer: model, apiKeyEnv: "EXAMPLE_KEY" },
    greedy,
    options(),
  );
  const local = await runStage(
    evaluate,
    {
      ...greedy,
      model: await adoptArtifact("hf-model", model),
      data: await adoptArtifact("hf-dataset", data),
    },
    options(),
  );
  const [there, here] = [await responses(served), await responses(local.result)];
  assert.equal(there.length, 60);
  assert.deepEqual(there, here);
  const { mean } = (await result(served)).accuracy;
  assert.ok(mean > 0 && mean < 1, "the policy is neither always right nor never");
});

test("two addresses are compared problem by problem, over OpenAI's protocol", async () => {
  const [, second] = await evaluateEndpoints(
    [url, `${url}/v1`],
    { api: "openai-chat", servedModel: "tiny-moonlight", apiKeyEnv: "EXAMPLE_KEY" },
    problems,
    options(),
  );
  const { comparison } = await result(second);
  assert.equal(comparison?.problems, 60);
  assert.equal(comparison.difference, 0, "one server, equal seeds: equal answers");
});

test("a gate that is missed, and a key that is wrong, say so", async () => {
  const server = { api: "openai-chat", servedModel: "tiny-moonlight" } as const;
  await assert.rejects(
    evaluateEndpoints(
      [url],
      { ...server, apiKeyEnv: "EXAMPLE_KEY" },
      { ...problems, require: ["avg@2>=0.99"] },
      options(),
    ),
    { exitCode: 5 },
  );
  await assert.rejects(evaluateEndpoints([url], server, problems, options()), /401/);
});

async function responses(artifact: Artifact<"eval-result"> | undefined): Promise<string[]> {
  assert.ok(artifact);
  const said: string[] = [];
  for await (const { response } of readSamples(join(artifact.path, "samples.ndjson")))
    said.push(response);
  return said;
}

async function result(artifact: { readonly path: string } | undefined): Promise<EvalResult> {
  assert.ok(artifact);
  return await readEvalResult(artifact.path);
}
