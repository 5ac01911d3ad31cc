import { loadTokenizer } from "@moonlight-rl/tokenizer";
import type { StageContext } from "@moonlight-rl/pipeline";
import { startServer, type ManagedServer } from "../server/managed-server.ts";
import { endpointSource, type EndpointSourceOptions } from "./endpoint-policy.ts";
import type { PolicyChoice } from "./policy-choice.ts";
import type { Policy, PolicySource } from "./policy.ts";

/** A checkpoint in an SGLang that runs for this evaluation alone. */
export async function servedSource(
  { model, options, server: { command, args, timeoutMs } }: PolicyChoice & { kind: "served" },
  context: Pick<StageContext, "exec" | "emit" | "signal">,
  onFaults: NonNullable<EndpointSourceOptions["onFaults"]>,
): Promise<PolicySource> {
  const tokenizer = await loadTokenizer(model.path);
  const server = await startServer(
    {
      command,
      args: (port) => [
        "--model-path",
        model.path,
        "--host",
        "127.0.0.1",
        "--port",
        `${port}`,
        ...args,
      ],
      deadlineMs: timeoutMs,
    },
    context,
  );
  const source = endpointSource({
    endpoint: { ...options, url: server.url, apiKey: undefined },
    tokenizer,
    onFaults,
  });
  return {
    forSet: (job) => blaming(server, source.forSet(job)),
    async close() {
      await source.close();
      await server.close();
    },
  };
}

/** Requests that fail because the server is gone say so, in its own last words. */
function blaming(server: ManagedServer, policy: Policy): Policy {
  return {
    promptText: (problem) => policy.promptText(problem),
    async answer(requests, options) {
      try {
        await policy.answer(requests, options);
      } catch (error) {
        throw server.failure() ?? error;
      }
    },
  };
}
