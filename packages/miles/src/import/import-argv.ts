import { canonicalJson, digestOf, UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import { diffRecipes, resolveRecipe, type ProfileName, type Recipe } from "@moonlight-rl/recipe";
import { parseArgv, type ParsedArgv } from "../argv/parse-argv.ts";
import type { Token } from "../argv/tokenise.ts";
import { modelArgs } from "../model-args.ts";
import { renderArgv } from "../render-argv.ts";
import { compoundValues } from "./compound-values.ts";
import { fieldValues } from "./field-values.ts";

/** What an argv was before it became a recipe: an unedited recipe renders it again, byte for byte. */
export interface ImportRecord {
  /** sha256 of the recipe's canonical JSON. */
  readonly recipe: string;
  readonly argv: readonly string[];
}

/** An attribute that miles would hold otherwise. */
export interface LostValue {
  readonly dest: string;
  readonly said: unknown;
  readonly rendered: unknown;
}

export interface ImportedArgv {
  readonly recipe: Recipe;
  /** The recipe file's content: what differs from the profile. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** Arguments that no field of the recipe says; kept in `runtime.extraArgs`. */
  readonly extra: readonly string[];
  /** Flags with secrets, which no recipe holds. */
  readonly secrets: readonly string[];
  /** What the recipe's rendering says otherwise than the argv; empty = nothing is lost. */
  readonly lost: readonly LostValue[];
  /** Absent when the argv holds a secret. */
  readonly record?: ImportRecord;
}

/** miles takes these from its environment as well. */
const SECRETS = new Set(["wandb_key"]);

/**
 * The recipe that says what an argv of miles' train.py says: equal after the reference's argparse, which is checked.
 * Flags that the recipe does not know are kept in `runtime.extraArgs`.
 *
 * @throws UsageError ARGV_INVALID when the reference's parser would refuse the argv.
 */
export function importArgv(
  argv: readonly string[],
  hfConfig: HfConfig,
  profile: ProfileName = "moonlight-16b-a3b",
): ImportedArgv {
  const parsed = parse(argv);
  const fields = fieldValues(parsed);
  const compound = compoundValues(parsed);
  const understood = new Set([...fields.understood, ...compound.understood]);
  const model = parseArgv(modelArgs(hfConfig));
  const ofModel = (dest: string): boolean =>
    model.given.has(dest) && same(model.namespace.get(dest), parsed.namespace.get(dest));
  const secrets = parsed.tokens.filter(({ flag }) => SECRETS.has(flag?.dest ?? ""));
  const foreign = parsed.tokens.filter(
    ({ flag }) => flag !== undefined && !understood.has(flag.dest) && !ofModel(flag.dest),
  );
  const values = new Map([...fields.values, ...compound.values]);
  const build = (extra: readonly Token[]): Recipe => {
    values.set(
      "runtime.extraArgs",
      extra.filter((token) => !secrets.includes(token)).flatMap(written),
    );
    return resolveRecipe({
      profile,
      files: [{ path: "argv", text: JSON.stringify(nested(values)) }],
    }).recipe;
  };
  let extra = foreign;
  let recipe = build(extra);
  let lost = differences(parsed, recipe, hfConfig);
  // What a field says differently is said again in the flag's own words, which come last and win.
  const again = parsed.tokens.filter(
    (token) => !extra.includes(token) && lost.some(({ dest }) => dest === token.flag?.dest),
  );
  if (again.length > 0) {
    extra = [...extra, ...again];
    recipe = build(extra);
    lost = differences(parsed, recipe, hfConfig);
  }
  const base = resolveRecipe({ profile }).recipe;
  const changed = diffRecipes(base, recipe).map(({ path, after }) => [path, after] as const);
  return {
    recipe,
    overrides: { profile, ...nested(new Map(changed)) },
    extra: recipe.runtime.extraArgs,
    secrets: secrets.map(({ spelling }) => spelling),
    lost: lost.filter(({ dest }) => !SECRETS.has(dest)),
    ...(secrets.length > 0 ? {} : { record: { recipe: digestOf(recipe), argv: [...argv] } }),
  };
}

/** The argv of a recipe: the imported one as long as the recipe is what the import made, else a new rendering. */
export function renderImported(
  recipe: Recipe,
  hfConfig: HfConfig,
  record: ImportRecord | undefined,
): readonly string[] {
  return record?.recipe === digestOf(recipe) ? record.argv : renderArgv(recipe, hfConfig);
}

function parse(argv: readonly string[]): ParsedArgv {
  const parsed = parseArgv(argv);
  const { fault } = parsed;
  if (fault === undefined) return parsed;
  throw new UsageError("ARGV_INVALID", `argument ${fault.position + 1}: ${fault.message}`, {
    field: fault.flag?.spec.names[0] ?? argv[fault.position] ?? "",
    hint: "miles would refuse this argv as well: correct it first.",
  });
}

function differences(parsed: ParsedArgv, recipe: Recipe, hfConfig: HfConfig): LostValue[] {
  const { namespace } = parse(renderArgv(recipe, hfConfig));
  return [...new Set([...parsed.namespace.keys(), ...namespace.keys()])]
    .map((dest) => ({ dest, said: parsed.namespace.get(dest), rendered: namespace.get(dest) }))
    .filter(({ said, rendered }) => !same(said, rendered));
}

function same(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || text(a) === text(b);
}

/** Python's infinities are no JSON. */
function text(value: unknown): string {
  return typeof value === "number" ? String(value) : canonicalJson(value ?? null);
}

function written({ spelling, values, joined }: Token): string[] {
  const texts = values.map((value) => value.text);
  return joined ? [`${spelling}=${texts[0] ?? ""}`] : [spelling, ...texts];
}

/** Dotted paths as nested objects. */
function nested(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let at = root;
    for (const key of keys) at = (at[key] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return root;
}
