import type { Params } from "../pipeline/params.ts";
import type { MoonlightConfig } from "./config.ts";

type Env = Readonly<Record<string, string | undefined>>;
export type SettingSource = "flag" | "environment" | "config" | "default";

/** Parameters of `run` and `plan`: flags, then the environment, then the configuration; the recipe's layers are told in it. */
export function settingsOf(
  flags: Partial<Params>,
  env: Env,
  config: MoonlightConfig | undefined,
): { readonly params: Partial<Params>; readonly sources: Readonly<Record<string, SettingSource>> } {
  const run: Partial<Params> = config?.run ?? {};
  const endpoint = env["HF_ENDPOINT"];
  const environment: Partial<Params> =
    endpoint === undefined || endpoint === "" ? {} : { endpoint };
  const params: Partial<Params> = { ...run, ...environment, ...flags };
  // Later ones win field by field, so both can count.
  for (const field of ["files", "set"] as const) {
    const both = [...(run[field] ?? []), ...(flags[field] ?? [])];
    if (both.length > 0) params[field] = both;
  }
  const sources: Record<string, SettingSource> = {};
  for (const field of Object.keys(params))
    sources[field] = field in flags ? "flag" : field in environment ? "environment" : "config";
  return { params, sources };
}
