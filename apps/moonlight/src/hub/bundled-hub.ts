import { startHubServer } from "@moonlight-rl/hub";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { PROFILE_ASSETS, type Params } from "../pipeline/params.ts";

const BUNDLED: readonly string[] = [MODEL, PROMPT_DATA, EVAL_DATA];

/** The endpoint of whoever wants the bundled repositories: a Hub server on loopback serves them. */
export const BUNDLED_ENDPOINT = "bundled";

/**
 * The endpoint for a run: what was asked for, HF_ENDPOINT, or, when everything that is wanted ships with this package (or "bundled" is
 * asked for), a Hub server on loopback over the bundled repositories. `use` gets undefined for the public Hub.
 */
export async function withEndpoint<T>(
  params: Pick<Params, "profile"> & Partial<Params>,
  env: Readonly<Record<string, string | undefined>>,
  use: (endpoint: string | undefined) => Promise<T>,
): Promise<T> {
  const chosen = params.endpoint ?? env["HF_ENDPOINT"];
  const defaults = PROFILE_ASSETS[params.profile];
  const wanted = [
    params.model ?? defaults.model,
    params.promptData ?? defaults.promptData,
    params.evalData ?? defaults.evalData,
  ];
  if (chosen === BUNDLED_ENDPOINT) return await withBundledHub(use);
  if (chosen !== undefined || !wanted.every((repo) => BUNDLED.includes(repo))) return use(chosen);
  return await withBundledHub(use);
}

async function withBundledHub<T>(use: (endpoint: string) => Promise<T>): Promise<T> {
  const server = await startHubServer({ root: assetsDirectory });
  try {
    return await use(server.url);
  } finally {
    await server.close();
  }
}
