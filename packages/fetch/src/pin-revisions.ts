import { HfCache } from "@moonlight-rl/hub";
import type { PlanContext } from "@moonlight-rl/pipeline";
import { isOffline, withHub } from "./hub/hub-access.ts";
import type { FetchInput } from "./input.ts";
import { requestsOf } from "./request/request.ts";

const REVISION = {
  model: "revision",
  promptData: "promptRevision",
  evalData: "evalRevision",
} as const;

/** `main` today is not `main` tomorrow: only commits make a key. */
export async function pinRevisions<I extends FetchInput>(
  input: I,
  context: PlanContext,
): Promise<I> {
  const requests = requestsOf(input);
  return await withHub(input, context, async (client) => {
    const pinned = await Promise.all(
      requests.map(async (request) => {
        if (request.folder !== undefined)
          return [REVISION[request.field], request.revision] as const;
        const cached = isOffline(input)
          ? await new HfCache().commitOf(request, request.revision)
          : undefined;
        if (cached !== undefined) return [REVISION[request.field], cached] as const;
        const { commit } = await client.resolveRevision({ ...request, signal: context.signal });
        return [REVISION[request.field], commit] as const;
      }),
    );
    return { ...input, ...Object.fromEntries(pinned) };
  });
}
