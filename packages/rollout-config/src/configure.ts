import { join } from "node:path";
import { UsageError } from "@moonlight-rl/core";
import type { PlanAction, StageContext } from "@moonlight-rl/pipeline";
import { checkRecipe, PROFILES, resolveRecipe } from "@moonlight-rl/recipe";
import { judge } from "./check/judge.ts";
import { lookAhead } from "./check/look-ahead.ts";
import { readImportRecord } from "./import/read-import-record.ts";
import type { ConfigInput, ConfigOutput } from "./input.ts";
import { modelConfig } from "./layers/model-config.ts";
import { readRecipeFiles } from "./layers/read-recipe-files.ts";
import { renderLaunch } from "./render/launch.ts";
import { isLaunchForm } from "./render/launch-form.ts";
import { checkArgv, renderFor } from "./render/rendering.ts";
import { writeRecipe } from "./render/write-recipe.ts";

/** What `configure` would do. */
export async function planConfiguration(input: ConfigInput): Promise<PlanAction[]> {
  const files = await readRecipeFiles(input.files);
  const { recipe } = resolveRecipe({ ...input, files });
  return [{ title: `resolve and check the recipe of profile ${recipe.profile}` }];
}

/** Resolves, checks, renders and publishes a recipe. */
export async function configure(input: ConfigInput, context: StageContext): Promise<ConfigOutput> {
  const files = await readRecipeFiles(input.files);
  const resolved = resolveRecipe({ ...input, files });
  const { recipe } = resolved;
  const backend = input.backend ?? PROFILES[recipe.profile].backend;
  const forMiles = input.render === "argv" || isLaunchForm(input.render);
  if (forMiles && backend !== "miles") {
    throw new UsageError("RENDER_BACKEND", `The ${backend} backend has no ${input.render}`, {
      field: "render",
      hint: "Add --backend miles, or choose a profile made for it.",
    });
  }
  const model = await modelConfig(recipe.profile, input.model);
  const hfConfig = model?.hfConfig;
  const outlook = lookAhead(recipe, backend, hfConfig, input);
  const faults = [...checkRecipe(recipe, hfConfig, backend), ...outlook.findings];
  judge(faults, context.emit);
  const argv = renderFor(backend, recipe, hfConfig, await readImportRecord(input.importRecord));
  const checked = argv === undefined ? undefined : checkArgv(argv, recipe, model);
  const remarks = checked?.remarks ?? [];
  judge(remarks, context.emit);
  const launch =
    checked === undefined || !isLaunchForm(input.render)
      ? undefined
      : renderLaunch(input.render, recipe, checked, context.emit);
  const findings = [...faults, ...remarks];
  const folder = join(context.scratch, "recipe");
  await writeRecipe(folder, resolved, findings, argv, launch);
  return {
    recipe: await context.publish("recipe", folder, {
      meta: { profile: recipe.profile, backend },
    }),
    profile: recipe.profile,
    backend,
    warnings: findings.filter(({ severity }) => severity === "warning").length,
    notes: findings.filter(({ severity }) => severity === "note").length,
    ...(input.render === "argv" && argv !== undefined ? { argv: [...argv] } : {}),
    ...outlook.printed,
    ...(launch === undefined ? {} : { text: launch.text.trimEnd() }),
  };
}
