import type { EvaluationDataset, Recipe } from "@moonlight-rl/recipe";
import { refusal } from "./refusal.ts";

/** Names of a dataset's own settings in miles' EvalDatasetConfig (miles/utils/eval_config.py:94). */
export const OWN_SETTINGS = {
  nSamplesPerPrompt: "n_samples_per_eval_prompt",
  maxResponseLen: "max_response_len",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  inputKey: "input_key",
  labelKey: "label_key",
  rmType: "rm_type",
} as const satisfies Partial<Record<keyof EvaluationDataset, string>>;

/**
 * The evaluation sets: names and paths, as the reference's launcher says them, or inline JSON
 * (`--eval-config base64:…`) once a set has settings of its own, for which there are no flags.
 */
export function evaluationArgs(recipe: Recipe): readonly string[] {
  const { datasets } = recipe.eval;
  if (datasets.length === 0) return [];
  const configs = datasets.map((dataset) => ({
    name: dataset.name,
    path: dataset.path,
    ...ownSettings(dataset),
  }));
  if (configs.every((config) => Object.keys(config).length === 2)) {
    return ["--eval-prompt-data", ...datasets.flatMap(({ name, path }) => [name, path])];
  }
  const json = JSON.stringify({ eval: { datasets: configs } });
  if (json.includes("${")) {
    throw refusal("eval.datasets", 'miles would read "${…}" in --eval-config as a reference');
  }
  return ["--eval-config", `base64:${Buffer.from(json).toString("base64")}`];
}

function ownSettings(dataset: EvaluationDataset): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(OWN_SETTINGS)
      .map(([key, name]) => [name, dataset[key as keyof typeof OWN_SETTINGS]])
      .filter(([, value]) => value !== undefined),
  ) as Record<string, unknown>;
}
