/**
 * Configurations that our rules refuse, so that the reference may say whether it does: for each rule some that break it, and
 * each of them with one change less. Searches at random among the rule's own flags and what belongs together.
 *
 *     node tools/interop/dist/recipe/directed.js SEED > cases.jsonl
 */
import { readFile } from "node:fs/promises";
import {
  argvRules,
  flagTable,
  judgeCase,
  readCaseBase,
  type ArgvRuleFacts,
  type CaseBase,
  type CaseInput,
  type Flag,
  type ReferenceCase,
} from "@moonlight-rl/miles";

const GOLDEN = new URL("../../../../packages/miles/golden/", import.meta.url);
const HERE = new URL("../../recipe/", import.meta.url);
/** Tries for each rule, and configurations that are kept of those that break it. */
const TRIES = 120;
const KEPT = 2;

const INTEGERS = "-1 0 1 2 3 4 5 8 9 13 16 27 28 32 64 100 128 256 1000 4096".split(" ");
const FLOATS = "-1 -0.5 0 0.0 1e-6 0.1 0.5 1 1.0 1.5 2 100".split(" ");
const TEXTS = [
  "x",
  "",
  "8",
  "{data}",
  "{ref}",
  "no.such.name",
  "torch",
  "fp32",
  "bf16",
  "fp16",
  "fp8",
  "1,2",
  "[0]*27",
  "[0]+[1]*26",
];

type Values = null | string | string[];
/** One change: a flag with its values, or without the flag. */
type Change =
  | { readonly kind: "set"; readonly flag: string; readonly value: Values }
  | { readonly kind: "unset"; readonly flag: string }
  | { readonly kind: "env"; readonly env: Readonly<Record<string, string | null>> };

const ENVIRONMENT: readonly Readonly<Record<string, string | null>>[] = [
  { CUDA_DEVICE_MAX_CONNECTIONS: null },
  { CUDA_DEVICE_MAX_CONNECTIONS: "8" },
  { ORACLE_DEVICE_CC: "10.0" },
  { ORACLE_DEVICE_CC: "7.5" },
  { MILES_EXPERIMENTAL_ROLLOUT_REFACTOR: "1" },
  { MILES_EXPERIMENTAL_FT_TRAINER: "1" },
];

/** Mulberry32: the same cases for the same seed, on every machine. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  of<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }
}

class Search {
  readonly #dice: Dice;
  readonly #base: CaseBase;
  readonly #together: readonly (readonly Change[])[];
  readonly #found = new Map<string, (readonly Change[])[]>();

  constructor(seed: number, base: CaseBase, together: readonly string[]) {
    this.#dice = new Dice(seed);
    this.#base = base;
    this.#together = together.map(changesOf);
  }

  cases(): (readonly Change[])[] {
    const rules = argvRules();
    const blind = rules.map((rule) => this.#changes(rule));
    for (const rule of rules) {
      for (let tried = 0; tried < TRIES && this.#kept(rule.id).length < KEPT; tried += 1)
        this.#try(this.#changes(rule));
    }
    const breaking = [...this.#found.values()].flat();
    const nearly = breaking
      .filter((changes) => changes.length > 1)
      .map((changes) => changes.toSpliced(this.#dice.below(changes.length), 1));
    process.stderr.write(
      `${this.#found.size} of ${rules.length} rules are broken by some configuration\n`,
    );
    return [...breaking, ...nearly, ...blind];
  }

  #kept(rule: string): (readonly Change[])[] {
    return this.#found.get(rule) ?? [];
  }

  #try(changes: readonly Change[]): void {
    const rule = judgeCase(caseOf(changes), this.#base).rejection?.rule;
    if (rule === undefined || this.#kept(rule).length >= KEPT) return;
    this.#found.set(rule, [...this.#kept(rule), changes]);
  }

  /** Some of the rule's flags, perhaps beside what belongs together. */
  #changes({ flags }: ArgvRuleFacts): Change[] {
    const dice = this.#dice;
    const changes: Change[] = [];
    for (let more = dice.below(3); more > 0; more -= 1) changes.push(...dice.of(this.#together));
    if (dice.below(8) === 0) changes.push({ kind: "env", env: dice.of(ENVIRONMENT) });
    for (const name of flags) {
      if (dice.below(5) === 0) continue;
      changes.push(this.#change(name));
    }
    return changes;
  }

  #change(name: string): Change {
    const flag = flagTable("full").bySpelling.get(name);
    if (flag === undefined) return { kind: "unset", flag: name };
    const given = this.#base.argv.includes(name);
    if (given && this.#dice.below(3) === 0) return { kind: "unset", flag: name };
    return { kind: "set", flag: name, value: this.#value(flag) };
  }

  #value({ spec, arity }: Flag): Values {
    if (arity === 0) return null;
    if (arity === "one" || arity === "?") return this.#one(spec);
    const count = typeof arity === "number" ? arity : this.#dice.below(3) + 1;
    return Array.from({ length: count }, () => this.#one(spec));
  }

  #one({ choices, type }: Flag["spec"]): string {
    if (choices && this.#dice.below(10) > 0) return String(this.#dice.of(choices));
    if (type === "int") return this.#dice.of(INTEGERS);
    return this.#dice.of(type === "float" ? FLOATS : TEXTS);
  }
}

function changesOf(text: string): Change[] {
  const changes: Change[] = [];
  for (const word of text.split(" ")) {
    const last = changes.at(-1);
    if (word.startsWith("!")) changes.push({ kind: "unset", flag: word.slice(1) });
    else if (word.startsWith("--")) changes.push({ kind: "set", flag: word, value: null });
    else if (last?.kind === "set")
      changes[changes.length - 1] = {
        ...last,
        value: last.value === null ? word : [last.value, word].flat(),
      };
  }
  return changes;
}

function caseOf(changes: readonly Change[]): Pick<ReferenceCase, CaseInput> {
  const set: Record<string, Values> = {};
  const unset = new Set<string>();
  let env: Record<string, string | null> = {};
  for (const change of changes) {
    if (change.kind === "env") env = { ...env, ...change.env };
    else if (change.kind === "unset") unset.add(change.flag);
    else set[change.flag] = change.value;
  }
  return {
    set,
    unset: [...unset],
    append: [],
    hf_config: {},
    hfFloats: new Set(),
    env,
    fs: { save: "absent", ref: "tracker:release", files: {} },
  };
}

function told(change: Change): string {
  if (change.kind === "env") return `env ${JSON.stringify(change.env)}`;
  if (change.kind === "unset") return `drop ${change.flag}`;
  return [change.flag, ...(change.value === null ? [] : [change.value].flat())].join(" ");
}

const golden = (name: string): Promise<string> => readFile(new URL(name, GOLDEN), "utf8");
const base = readCaseBase(
  await golden("recipe-base-argv.json"),
  await golden("recipe-hf-config.json"),
);
const together = JSON.parse(await readFile(new URL("together.json", HERE), "utf8")) as string[];
const found = new Search(Number(process.argv[2] ?? 1), base, together).cases();
for (const [place, changes] of found.entries()) {
  const { hfFloats: _, ...fields } = caseOf(changes);
  process.stdout.write(
    `${JSON.stringify({ id: `directed-${place}`, mutations: changes.map(told), ...fields })}\n`,
  );
}
