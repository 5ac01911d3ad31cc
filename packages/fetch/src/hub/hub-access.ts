import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { HubClient } from "@moonlight-rl/hub";
import type { PlanContext } from "@moonlight-rl/pipeline";
import type { FetchInput } from "../input.ts";

/** Runs `use` with a client set up from the input and the Hub's own environment variables, and ends its connections. */
export async function withHub<T>(
  input: Pick<FetchInput, "endpoint" | "connections">,
  context: Pick<PlanContext, "secrets">,
  use: (client: HubClient) => Promise<T>,
): Promise<T> {
  const endpoint = endpointOf(input);
  const client = new HubClient({
    endpoint,
    connections: input.connections,
    token: await token(context),
    // A Hub on this machine is no network: a bundled or mirrored one keeps working offline.
    offline: isOffline(input),
  });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Whether the Hub may not be asked. */
export function isOffline(input: Pick<FetchInput, "endpoint">): boolean {
  return isSet("HF_HUB_OFFLINE") && !isLoopback(endpointOf(input));
}

function endpointOf({ endpoint }: Pick<FetchInput, "endpoint">): string {
  return endpoint ?? (variable("HF_ENDPOINT") || "https://huggingface.co");
}

/** HF_TOKEN, else what `hf auth login` has stored. */
async function token({ secrets }: Pick<PlanContext, "secrets">): Promise<string | undefined> {
  const given = secrets.get("HF_TOKEN")?.trim();
  if (given !== undefined && given !== "") return given;
  if (isSet("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return undefined;
  const cache = variable("XDG_CACHE_HOME") || join(homedir(), ".cache");
  const home = variable("HF_HOME") || join(cache, "huggingface");
  const stored = await readFile(variable("HF_TOKEN_PATH") || join(home, "token"), "utf8").catch(
    () => "",
  );
  return stored.trim() || undefined;
}

function variable(name: string): string {
  return process.env[name]?.trim() ?? "";
}

function isSet(name: string): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(variable(name).toUpperCase());
}

function isLoopback(endpoint: string): boolean {
  return /^https?:\/\/(?:localhost|127(?:\.\d+){3}|\[::1\])(?:[:/]|$)/.test(endpoint);
}
