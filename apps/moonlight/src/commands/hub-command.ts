import { once } from "node:events";
import { Command, InvalidArgumentError } from "commander";
import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";

/** `moonlight hub serve DIR`: a folder of repositories by the Hub's protocol, until interrupted. */
export function hubCommand(): Command {
  const serve = new Command("serve")
    .description(
      "Serve a folder (models/ORG/NAME, datasets/ORG/NAME) by the Hub protocol; read-only.",
    )
    .argument("<folder>")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port; 0 takes a free one", port, 0);
  serve.addHelpText(
    "before",
    "Examples:\n  $ moonlight hub serve ./mirror --port 8080\n  $ HF_ENDPOINT=http://127.0.0.1:8080 hf download ORG/NAME\n",
  );
  addCommonOptions(serve).action(async (root: string) => {
    const { cliSession } = await import("@moonlight-rl/pipeline");
    const flags: { json?: boolean; host: string; port: number } = serve.opts();
    const { io, signal } = cliSession(serve);
    const { startHubServer } = await import("@moonlight-rl/hub");
    const server = await startHubServer({ root, host: flags.host, port: flags.port });
    io.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ type: "listening", url: server.url })}\n`
        : `${server.url}\n`,
    );
    if (!signal.aborted) await once(signal, "abort");
    await server.close();
  });
  return new Command("hub").description("The Hugging Face Hub's protocol.").addCommand(serve);
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535)
    throw new InvalidArgumentError("expected a port from 0 to 65535");
  return value;
}
