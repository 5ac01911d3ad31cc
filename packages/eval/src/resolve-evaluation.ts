import { checkGate } from "./gate/gate.ts";
import type { EvalInput } from "./input.ts";
import { namedSets } from "./named-sets.ts";
import { choosePolicy, responsesDigest } from "./policy/policy-choice.ts";
import { readRecipe, settingsShape } from "./settings.ts";

/** The recipe's choices and the defaults become part of the input, so that the recipe's other fields do not change the key. */
export async function resolveEvaluation(input: EvalInput): Promise<EvalInput> {
  const choice = choosePolicy(input);
  const sets = await namedSets(input, choice);
  checkGate(
    input,
    sets.map(({ name, settings }) => ({
      name,
      n: choice.kind === "responses" ? undefined : settings.nSamplesPerPrompt,
    })),
  );
  const datasets = sets.map(({ name, settings, data }) => ({
    ...settings,
    name,
    ...(data !== undefined && { data }),
  }));
  const kept = Object.fromEntries(
    Object.entries(input).filter(([field]) => !RESOLVED.has(field)),
  ) as EvalInput;
  const trainInputKey = input.trainInputKey ?? (await trainInputKeyOf(input));
  const resolved = { ...kept, datasets, ...(trainInputKey !== undefined && { trainInputKey }) };
  if (choice.kind !== "responses") return resolved;
  const digest = await responsesDigest(choice.file, input.responsesSha256);
  return { ...resolved, responsesSha256: digest };
}

/** What the resolved sets say, each for itself. */
const RESOLVED: ReadonlySet<string> = new Set(["data", "recipe", ...Object.keys(settingsShape)]);

/** Training prompts are where the recipe says. */
async function trainInputKeyOf({ trainData, recipe }: EvalInput): Promise<string | undefined> {
  if (trainData === undefined || recipe === undefined) return undefined;
  return (await readRecipe(recipe.path)).data.inputKey;
}
