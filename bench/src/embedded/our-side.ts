import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  megatronArgs,
  megatronSources,
  openHfModel,
  writeTorchDist,
} from "@moonlight-rl/checkpoint";
import { createSampler, createTrainer, loadParameters, trainGrpo } from "@moonlight-rl/embedded";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { loadTokenizer } from "@moonlight-rl/tokenizer";
import { z } from "zod";
import { median } from "../measure/median.ts";
import { commandSchema, PROMPT_TOKENS, type Command } from "./command.ts";

/** Our side of the bench, the counterpart of `peers/embedded/peer.py`. Arguments: model folder, prompts (JSONL), threads. */
const [modelDir = "", promptFile = "", threadCount = ""] = process.argv.slice(2);
const threads = Number(threadCount);
const rowSchema = z.object({
  prompt: z.array(z.object({ role: z.string(), content: z.string() })),
});
const tokenizer = await loadTokenizer(modelDir);
const prompts = (await readFile(promptFile, "utf8"))
  .trim()
  .split("\n")
  .map((line) => tokenizer.encodeChat(rowSchema.parse(JSON.parse(line)).prompt))
  .filter((tokens) => tokens.length === PROMPT_TOKENS);
const model = await loadParameters(modelDir);
const sampler = await createSampler({ ...model, threads });
const trainer = await createTrainer({ ...model, threads });
const scratch = await mkdtemp(join(tmpdir(), "moonlight-bench-"));
const checkpointDir = join(scratch, "base");
const hf = await openHfModel(modelDir);
await writeTorchDist(checkpointDir, {
  iteration: "release",
  tensors: megatronSources(hf.config, {
    dtypeOf: (name) => hf.tensors.get(name)?.dtype,
    read: (name) => hf.blocks(name),
  }),
  args: megatronArgs(hf.config),
});

/** An iteration like TRL's: no filter, no reference; 5 rollouts, of which the first builds the graphs and does not count. */
const { recipe } = resolveRecipe({
  profile: "tiny",
  set: [
    "rollout.numRollout=5",
    "rollout.overSamplingBatchSize=64",
    "rollout.dynamicSamplingFilter=null",
    "algorithm.useKlLoss=false",
    "optimizer.lr=1e-6",
    "checkpoint.saveInterval=null",
    "eval.interval=null",
  ],
});
const optimizer = {
  lr: 1e-6,
  weightDecay: 0.01,
  adamBeta1: 0.9,
  adamBeta2: 0.98,
  adamEps: 1e-8,
  clipGrad: 1,
};
let seed = 1;

async function seconds(command: Command): Promise<number> {
  const start = performance.now();
  switch (command.op) {
    case "generate":
    case "decode":
      await sampler.generate({
        prompts: prompts.slice(0, command.batch),
        n: 1,
        temperature: 1,
        maxNewTokens: command.tokens,
        stopTokenIds: [],
        seed: seed++,
      });
      break;
    case "step":
      await step(command);
      break;
    case "iteration":
      return await iteration();
  }
  return (performance.now() - start) / 1000;
}

async function step({ prompts: count, samples, response }: Command & { op: "step" }) {
  const random = (): number => 17 + Math.floor(Math.random() * 111);
  const tokens = (length: number): number[] => Array.from({ length }, random);
  // With one sample each, every token but the first is a target.
  const promptLength = samples === 1 ? 1 : PROMPT_TOKENS;
  const sequences = Array.from({ length: count }, () => {
    const prompt = tokens(promptLength);
    const responseLength = samples === 1 ? PROMPT_TOKENS - 1 + response : response;
    return Array.from({ length: samples }, () => ({
      tokens: [...prompt, ...tokens(responseLength)],
      promptLength,
      advantage: Math.random() - 0.5,
      oldLogProbs: new Float32Array(responseLength).fill(-4),
    }));
  }).flat();
  await trainer.step(
    sequences,
    samples === 1
      ? { kind: "sft" }
      : {
          kind: "grpo",
          epsClip: 0.2,
          epsClipHigh: 0.28,
          klLossCoef: 0,
          klLossType: "low_var_kl",
          entropyCoef: 0,
          temperature: 1,
        },
    optimizer,
  );
}

async function iteration(): Promise<number> {
  const saveDir = await mkdtemp(join(scratch, "run-"));
  const times: number[] = [];
  await trainGrpo({
    recipe,
    checkpointDir,
    modelDir,
    promptFile,
    evalSets: [],
    saveDir,
    emit: (event) => {
      const time = event.type === "metric" ? event.values["perf/step_time"] : undefined;
      if (typeof time === "number") times.push(time);
    },
    signal: new AbortController().signal,
    threads,
  });
  await rm(saveDir, { recursive: true });
  return median(times.slice(1));
}

try {
  console.log(JSON.stringify({ node: process.version }));
  for await (const line of createInterface({ input: process.stdin }))
    console.log(JSON.stringify({ seconds: await seconds(commandSchema.parse(JSON.parse(line))) }));
} finally {
  await rm(scratch, { recursive: true, force: true });
}
