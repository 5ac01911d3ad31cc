import { z } from "zod";
import type { Value } from "../argv/flag-spec.ts";
import type { ParsedArgv } from "../argv/parse-argv.ts";
import { OWN_SETTINGS } from "../evaluation-args.ts";
import { FILTERS } from "../recipe-flags.ts";

type Found = readonly (readonly [path: string, value: unknown])[];

/** A reader of flags that together say a field; undefined = they say something that the field cannot hold. */
interface Reader {
  /** Attributes of the namespace that it reads. */
  readonly dests: readonly string[];
  readonly read: (of: (dest: string) => Value | undefined) => Found | undefined;
}

const textSchema = z.string();
const pairsSchema = z.array(z.string()).refine((list) => list.length % 2 === 0);

const READERS: readonly Reader[] = [
  {
    dests: ["hf_checkpoint"],
    read: (of) => {
      const folder = textSchema.safeParse(of("hf_checkpoint"));
      return folder.success ? [["model.hfCheckpoint", folder.data]] : undefined;
    },
  },
  {
    dests: ["dynamic_sampling_filter_path"],
    read: (of) => {
      const path = of("dynamic_sampling_filter_path") ?? null;
      if (path === null) return [["rollout.dynamicSamplingFilter", null]];
      const name = Object.entries(FILTERS).find(([, filter]) => filter === path)?.[0];
      return name === undefined ? undefined : [["rollout.dynamicSamplingFilter", name]];
    },
  },
  {
    dests: ["use_routing_replay", "use_rollout_routing_replay"],
    read: (of) => {
      const [training, rollout] = [of("use_routing_replay"), of("use_rollout_routing_replay")];
      if (training === true && rollout === true) return undefined;
      const mode = training === true ? "training" : rollout === true ? "rollout" : "off";
      return [["algorithm.routingReplay", mode]];
    },
  },
  {
    dests: ["attention_softmax_in_fp32"],
    read: () => [["performance.attentionSoftmaxInFp32", true]],
  },
  {
    dests: ["eval_temperature"],
    read: (of) => {
      const own = of("eval_temperature") ?? of("rollout_temperature");
      return typeof own === "number" ? [["eval.temperature", own]] : undefined;
    },
  },
  {
    dests: ["eval_prompt_data", "eval_config"],
    read: (of) => {
      const [prompts, config] = [of("eval_prompt_data") ?? null, of("eval_config") ?? null];
      if (config !== null) return prompts === null ? inlineSets(config) : undefined;
      if (prompts === null) return [["eval.datasets", []]];
      const pairs = pairsSchema.safeParse(prompts);
      if (!pairs.success) return undefined;
      const sets = pairs.data.flatMap((name, index) =>
        index % 2 === 0 ? [{ name, path: pairs.data[index + 1] ?? "" }] : [],
      );
      return [["eval.datasets", sets]];
    },
  },
];

/** What an argv says of the fields that are not one flag each. */
export function compoundValues(parsed: ParsedArgv): {
  readonly values: ReadonlyMap<string, unknown>;
  readonly understood: ReadonlySet<string>;
} {
  const values = new Map<string, unknown>();
  const understood = new Set<string>();
  for (const { dests, read } of READERS) {
    const found = read((dest) => parsed.namespace.get(dest));
    if (found === undefined) continue;
    for (const [path, value] of found) values.set(path, value);
    for (const dest of dests) understood.add(dest);
  }
  return { values, understood };
}

const inlineSchema = z.strictObject({
  eval: z.strictObject({
    datasets: z.array(
      z.strictObject({
        name: z.string(),
        path: z.string(),
        ...Object.fromEntries(
          Object.values(OWN_SETTINGS).map((name) => [name, z.json().optional()]),
        ),
      }),
    ),
  }),
});

/** Sets as `evaluationArgs` writes them; any other configuration stays what it is. */
function inlineSets(config: Value): Found | undefined {
  const [, base64] =
    /^base64:([A-Za-z0-9+/]+=*)$/.exec(typeof config === "string" ? config : "") ?? [];
  if (base64 === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
  const parsed = inlineSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const names = new Map<string, string>(
    Object.entries(OWN_SETTINGS).map(([key, name]) => [name, key]),
  );
  const sets = parsed.data.eval.datasets.map((set) =>
    Object.fromEntries(
      Object.entries(set).map(([name, value]) => [names.get(name) ?? name, value]),
    ),
  );
  return [["eval.datasets", sets]];
}
