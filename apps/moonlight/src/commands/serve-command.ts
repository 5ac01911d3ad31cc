import { once } from "node:events";
import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";
import { Command, InvalidArgumentError } from "commander";

interface Flags {
  readonly json?: boolean;
  readonly model?: string;
  readonly host: string;
  readonly port: number;
  readonly name?: string;
  readonly apiKeyEnv?: string;
  readonly maxConcurrency?: number;
  readonly maxWaiting?: number;
  readonly threads?: number;
}

/** `moonlight serve CHECKPOINT`: a model by OpenAI's protocol and SGLang's, until interrupted. */
export function serveCommand(): Command {
  const serve = new Command("serve")
    .description(
      "Serve a model: OpenAI's /v1/completions and /v1/chat/completions, SGLang's /generate.",
    )
    .argument("<checkpoint>", "Hugging Face model folder, or torch_dist checkpoint with --model")
    .option("--model <folder>", "config and tokenizer of a torch_dist checkpoint")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port; 0 takes a free one", number(0, 65535), 0)
    .option("--name <name>", "what clients call the model (default: the model folder's name)")
    .option("--api-key-env <name>", "environment variable with the key that clients must send")
    .option("--max-concurrency <n>", "sequences decoded at once", number(1, 4096))
    .option(
      "--max-waiting <n>",
      "sequences that may wait; more are answered with 503",
      number(0, 1e6),
    )
    .option("--threads <n>", "threads of the engine (default: the cores)", number(1, 1024));
  serve.addHelpText(
    "before",
    `Examples:
  $ moonlight serve ./tiny-moonlight --port 8000
  $ moonlight serve ./trained --model ./tiny-moonlight --api-key-env SERVE_KEY
  $ curl http://127.0.0.1:8000/v1/chat/completions -H 'content-type: application/json' \\
      -d '{"messages": [{"role": "user", "content": "12 + 30 = ?"}]}'
`,
  );
  addCommonOptions(serve).action(async (checkpoint: string) => {
    const { cliSession } = await import("@moonlight-rl/pipeline");
    const flags: Flags = serve.opts();
    const { io, signal } = cliSession(serve);
    const { startServer } = await import("@moonlight-rl/embedded");
    const { apiKeyEnv, ...options } = flags;
    const apiKey = await keyOf(apiKeyEnv);
    if (apiKey === undefined && !/^(?:127\.|::1$|localhost$)/.test(flags.host)) {
      io.stderr.write(
        `warning  ${flags.host} may be reached by others, and there is no key: see --api-key-env\n`,
      );
    }
    const server = await startServer({ checkpoint, ...options, apiKey });
    const { url, model } = server;
    io.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ type: "listening", url, model })}\n`
        : `${url}  serves ${model}\n`,
    );
    if (!signal.aborted) await once(signal, "abort");
    await server.close();
  });
  return serve;
}

/** The key from the environment: never from the command line, where others can read it. */
async function keyOf(variable: string | undefined): Promise<string | undefined> {
  if (variable === undefined) return undefined;
  const key = process.env[variable];
  if (key !== undefined && key !== "") return key;
  const { UsageError } = await import("@moonlight-rl/core");
  throw new UsageError("SERVE_KEY_MISSING", `The environment variable ${variable} is not set.`, {
    field: "--api-key-env",
    hint: `Set ${variable} to the key, or leave the option out.`,
  });
}

function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected an integer from ${least} to ${most}`);
  };
}
