import { UsageError } from "@moonlight-rl/core";
import {
  argvFindings,
  duplicateFlags,
  renderImported,
  runtimeEnv,
  validateArgv,
  type ImportRecord,
  type ModelConfig,
  type Verdict,
} from "@moonlight-rl/miles";
import type { HfConfig } from "@moonlight-rl/model";
import type { Backend, Finding, Recipe } from "@moonlight-rl/recipe";

/** The recipe in its backend's own words; undefined where the backend reads the recipe itself. */
export function renderFor(
  backend: Backend,
  recipe: Recipe,
  hfConfig: HfConfig | undefined,
  record: ImportRecord | undefined,
): readonly string[] | undefined {
  if (backend === "embedded") return undefined;
  if (hfConfig !== undefined) return renderImported(recipe, hfConfig, record);
  throw new UsageError(
    "MODEL_CONFIG_MISSING",
    `miles is told the shape of the model, and profile "${recipe.profile}" does not know it`,
    { field: "model", hint: "Pass --model with the folder that holds the model's config.json." },
  );
}

/** An argv with what miles would say of it. */
export interface CheckedArgv {
  readonly argv: readonly string[];
  readonly verdict: Verdict;
  readonly remarks: readonly Finding[];
}

/** What miles' own validators would say of the argv, and remarks on flags that it says twice. */
export function checkArgv(
  argv: readonly string[],
  recipe: Recipe,
  model: ModelConfig | undefined,
): CheckedArgv {
  // Whether NVLink SHARP is there only the cluster knows; no rule depends on it.
  const env = runtimeEnv(recipe, false);
  const verdict = validateArgv(argv, { ...model, env });
  const remarks = [...argvFindings(verdict, recipe, { env }), ...remarkOnDuplicates(argv)];
  return { argv, verdict, remarks };
}

function remarkOnDuplicates(argv: readonly string[]): Finding[] {
  return duplicateFlags(argv).map(({ flag, values }) => {
    const last = values.at(-1)?.join(" ") ?? "";
    const said = values.map((value) => value.join(" ") || "(bare)").join(", then ");
    return {
      rule: "miles-duplicate-flag",
      severity: "note",
      field: flag,
      reason: `stands ${values.length} times in the argv (${said}), as in the reference's own launcher; the last one counts${last === "" ? "" : `: ${last}`}`,
      fix: "Nothing to do: the order is kept, and the recipe's value comes last.",
      reference: "argparse keeps the last occurrence silently.",
      beyondReference: true,
    };
  });
}
