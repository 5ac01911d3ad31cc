import { arityOf, destOf, type FlagSpec } from "./flag-spec.ts";
import { MEGATRON_CHECKPOINT_FLAGS } from "./flags/megatron-checkpoint.ts";
import { MEGATRON_EXPERT_FLAGS } from "./flags/megatron-experts.ts";
import { MEGATRON_GROUP_FLAGS } from "./flags/megatron-groups.ts";
import { MEGATRON_MODEL_FLAGS } from "./flags/megatron-model.ts";
import { MEGATRON_NETWORK_FLAGS } from "./flags/megatron-network.ts";
import { MEGATRON_SYSTEM_FLAGS } from "./flags/megatron-system.ts";
import { MEGATRON_TRAINING_FLAGS } from "./flags/megatron-training.ts";
import { MILES_ROLLOUT_FLAGS } from "./flags/miles-rollout.ts";
import { MILES_SGLANG_FLAGS } from "./flags/miles-sglang.ts";
import { MILES_TRACKING_FLAGS } from "./flags/miles-tracking.ts";
import { MILES_TRAINING_FLAGS } from "./flags/miles-training.ts";
import { ROUTER_FLAGS } from "./flags/router.ts";
import { SGLANG_FLAGS } from "./flags/sglang.ts";

/** Which of the reference's two parsers: the one that only looks for the backend, or the one that counts. */
export type ParserName = "backend" | "full";

/** A flag with what follows from its facts. */
export interface Flag {
  readonly spec: FlagSpec;
  readonly dest: string;
  readonly arity: number | "?" | "*" | "+" | "one";
  /** Choices belong to a version of SGLang, not to miles: told, not enforced. */
  readonly external: boolean;
}

export interface FlagTable {
  readonly flags: readonly Flag[];
  /** By each spelling, `--no-x` of switches included. */
  readonly bySpelling: ReadonlyMap<string, Flag>;
  /** All spellings in order of their characters, to look up beginnings; sorted when first asked for. */
  readonly sorted: () => readonly string[];
  /** Whether an unambiguous beginning of a flag stands for it. */
  readonly abbreviations: boolean;
}

const tables: Readonly<Record<ParserName, () => FlagTable>> = {
  backend: once(() => makeTable("backend")),
  full: once(() => makeTable("full")),
};

/** The table of one of the two parsers, made on first use. */
export function flagTable(parser: ParserName): FlagTable {
  return tables[parser]();
}

const MEGATRON: readonly FlagSpec[] = [
  ...MEGATRON_NETWORK_FLAGS,
  ...MEGATRON_EXPERT_FLAGS,
  ...MEGATRON_MODEL_FLAGS,
  ...MEGATRON_TRAINING_FLAGS,
  ...MEGATRON_CHECKPOINT_FLAGS,
  ...MEGATRON_GROUP_FLAGS,
  ...MEGATRON_SYSTEM_FLAGS,
];

const MILES: readonly FlagSpec[] = [
  ...MILES_ROLLOUT_FLAGS,
  ...MILES_TRAINING_FLAGS,
  ...MILES_TRACKING_FLAGS,
  ...MILES_SGLANG_FLAGS,
  ...ROUTER_FLAGS,
];

const HELP: FlagSpec = { names: ["-h", "--help"], dest: "help", action: "help", suppress: true };

function makeTable(parser: ParserName): FlagTable {
  const megatron = parser === "full" ? MEGATRON : MEGATRON.flatMap(asMilesKnowsIt);
  const own = parser === "full" ? [...megatron, ...MILES] : [HELP, ...MILES, ...megatron];
  const flags = [...own.map((spec) => toFlag(spec, false)), ...engineFlags()];
  const bySpelling = new Map<string, Flag>();
  for (const flag of flags) for (const name of spellings(flag.spec)) bySpelling.set(name, flag);
  const sorted = once(() => [...bySpelling.keys()].toSorted(byCharacters));
  return { flags, bySpelling, sorted, abbreviations: parser === "backend" };
}

/** Most of all flags, and the same in both tables. */
const engineFlags = once(() =>
  [...SGLANG_FLAGS, ...evalEngineFlags()].map((spec) => toFlag(spec, true)),
);

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function byCharacters(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function toFlag(spec: FlagSpec, external: boolean): Flag {
  return { spec, dest: destOf(spec), arity: arityOf(spec), external };
}

function spellings(spec: FlagSpec): readonly string[] {
  if (spec.action !== "boolean") return spec.names;
  return spec.names.flatMap((name) => [name, name.replace(/^--/, "--no-")]);
}

function asMilesKnowsIt(spec: FlagSpec): FlagSpec[] {
  if (spec.miles === undefined) return [];
  return [spec.miles === true ? spec : { ...spec, ...spec.miles }];
}

/** Every flag of the engines again for the evaluation fleet: no default, switches can be turned off. */
function evalEngineFlags(): FlagSpec[] {
  return SGLANG_FLAGS.filter((spec) => destOf(spec) !== "sglang_tp_size").map((spec) => {
    const { default: _, ...rest } = spec;
    const plainSwitch = spec.action === "storeTrue" || spec.action === "storeFalse";
    return {
      ...rest,
      names: spec.names.map((name) => name.replace(/^--sglang-/, "--eval-sglang-")),
      dest: `eval_${destOf(spec)}`,
      ...(plainSwitch ? { action: "boolean" as const } : {}),
      suppress: true,
    };
  });
}
