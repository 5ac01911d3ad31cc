import { loadMiles } from "../backend/load-backend.ts";
import { UsageError } from "@moonlight-rl/core";
import type { DumpFile, DumpSample, RolloutDump, sampleFaults } from "@moonlight-rl/miles";
import { defineSubcommand } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { dumpOutputSchema, type DumpOutput } from "./dump-output.ts";
import { dumpText } from "./dump-text.ts";

const ENDING = 80;

const input = z.strictObject({
  path: z.string().min(1).describe("a .pt, a folder of them, or the folder of --dump-details"),
  rollout: z.int().nonnegative().optional().describe("show the samples of this rollout"),
  eval: z.boolean().default(false).describe("with --rollout: the evaluation of that number"),
  group: z.int().nonnegative().optional().describe("only samples of this group"),
  status: z
    .enum(["pending", "completed", "truncated", "aborted", "failed"])
    .optional()
    .describe("only samples that ended so"),
  sort: z.enum(["index", "reward", "length"]).default("index").describe("order of the samples"),
  sample: z.int().nonnegative().optional().describe("show the sample of this index in full"),
  rewardKey: z.string().min(1).optional().describe("key of rewards that are dicts"),
  limit: z.int().min(1).default(20).describe("rows at most"),
});
type Input = z.output<typeof input>;

/** `moonlight dump`: what the framework kept of its rollouts. */
export const dump = defineSubcommand({
  name: "dump",
  title: "Show the rollouts that miles kept (debug.saveRolloutData, debug.dumpDetails).",
  examples: ["./dump", "./dump --rollout 3 --sort reward", "./dump/rollout_data/3.pt --sample 17"],
  input,
  positionals: ["path"],
  output: dumpOutputSchema,
  async run(given) {
    const miles = await loadMiles();
    const found = await miles.findDumps(given.path);
    const chosen = choose(found, given);
    const one = chosen.length === 1 && (given.rollout !== undefined || found.length === 1);
    const dumps: DumpOutput["dumps"] = [];
    let last: RolloutDump | undefined;
    for (const { file, bytes, evaluation } of chosen) {
      last = await miles.readRolloutDump(file);
      const summary = miles.summarizeDump(last.samples, given.rewardKey);
      const faults = [...summary.faults];
      dumps.push({
        file,
        bytes,
        evaluation,
        rollout: last.rollout,
        summary: { ...summary, faults },
      });
    }
    if (!one || last === undefined) {
      refuseFilters(given);
      return { path: given.path, found: found.length, dumps, samples: [], matching: 0 };
    }
    const wanted = filter(last.samples, given);
    return {
      path: given.path,
      found: found.length,
      dumps,
      samples: wanted.slice(0, given.limit).map(sampleLine),
      matching: wanted.length,
      ...(given.sample === undefined
        ? {}
        : { sample: whole(last, given.sample, miles.sampleFaults) }),
    };
  },
  present: dumpText,
});

/** The rollout that is asked for, else the newest of all. */
function choose(
  found: readonly DumpFile[],
  { rollout, eval: evaluation, limit, path }: Input,
): DumpFile[] {
  if (rollout === undefined) return found.slice(-limit);
  const chosen = found.filter(
    (dump) => dump.rollout === rollout && (dump.evaluation === evaluation || found.length === 1),
  );
  if (chosen.length > 0) return chosen.slice(0, 1);
  const there = found.filter((dump) => dump.evaluation === evaluation);
  const [first, last] = [there[0]?.rollout, there.at(-1)?.rollout];
  throw new UsageError(
    "DUMP_ROLLOUT_MISSING",
    `There is no ${evaluation ? "evaluation" : "rollout"} ${rollout} at ${path}.`,
    {
      field: "rollout",
      hint:
        first === undefined
          ? `None of its ${found.length} dumps is one.`
          : `Kept are ${there.length}, from ${first} to ${last}.`,
    },
  );
}

/** They would be passed over in silence. */
function refuseFilters(given: Input): void {
  const field = (["group", "status", "sample"] as const).find((name) => given[name] !== undefined);
  if (field === undefined) return;
  throw new UsageError("DUMP_ROLLOUT_UNNAMED", `--${field} is about the samples of one rollout.`, {
    field,
    hint: "Say which one: --rollout N.",
  });
}

function filter(samples: readonly DumpSample[], { group, status, sort }: Input): DumpSample[] {
  const wanted = samples.filter(
    (sample) =>
      (group === undefined || sample.group === group) &&
      (status === undefined || sample.status === status),
  );
  const reward = ({ reward: value }: DumpSample): number =>
    typeof value === "number" ? value : Number.NEGATIVE_INFINITY;
  if (sort === "reward") wanted.sort((a, b) => reward(b) - reward(a));
  if (sort === "length") wanted.sort((a, b) => b.responseLength - a.responseLength);
  return wanted;
}

function sampleLine(sample: DumpSample): DumpOutput["samples"][number] {
  const { index, group, reward, status, responseLength, logProbs, label, response } = sample;
  return {
    index,
    group,
    reward: plain(reward),
    status,
    length: responseLength,
    meanLogProb:
      logProbs === null || logProbs.length === 0 ? null : sum(logProbs) / logProbs.length,
    label: typeof label === "string" ? label : JSON.stringify(label),
    ending: response.slice(-ENDING),
  };
}

function whole(
  { samples, file }: RolloutDump,
  index: number,
  faultsOf: typeof sampleFaults,
): DumpOutput["sample"] {
  const sample = samples.find((one, place) => (one.index ?? place) === index);
  if (sample === undefined)
    throw new UsageError("DUMP_SAMPLE_MISSING", `${file} has no sample of index ${index}.`, {
      field: "sample",
      hint: `It has ${samples.length}; without --sample they are listed.`,
    });
  const { tokens, responseLength, lossMask, logProbs } = sample;
  return {
    index: sample.index,
    group: sample.group,
    reward: plain(sample.reward),
    status: sample.status,
    length: responseLength,
    label: sample.label,
    prompt: sample.prompt,
    response: sample.response,
    promptTokens: Math.max(0, tokens.length - responseLength),
    trainedTokens: lossMask === null ? responseLength : lossMask.filter((one) => one !== 0).length,
    tokens,
    logProbs,
    weightVersions: sample.weightVersions,
    removed: sample.removed,
    metadata: sample.metadata,
    faults: faultsOf(sample),
  };
}

/** JSON has no NaN. */
function plain(reward: DumpSample["reward"]): unknown {
  return typeof reward === "number" && !Number.isFinite(reward) ? String(reward) : reward;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
