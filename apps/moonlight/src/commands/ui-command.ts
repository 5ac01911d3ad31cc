import { once } from "node:events";
import { addCommonOptions } from "@moonlight-rl/pipeline/common-options";
import { Command, InvalidArgumentError } from "commander";

interface Flags {
  readonly json?: boolean;
  readonly workspace?: string;
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly open?: boolean;
}

/** `moonlight ui`: the workspace in a browser, until interrupted. */
export function uiCommand(): Command {
  const ui = new Command("ui")
    .description("Look at runs in a browser: progress, curves, rollouts, evaluations, artifacts.")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port; 0 takes a free one", port, 7860)
    .option(
      "--token <text>",
      "what a browser must know (default: none on loopback, else a random one)",
    )
    .option("--open", "open the page in the browser");
  ui.addHelpText(
    "before",
    `Examples:
  $ moonlight ui                   on this machine alone, port 7860
  $ moonlight ui --port 0 --open   any free port, and show it
  $ moonlight ui --host 0.0.0.0    for others, who need the printed token
  $ ssh -L 7860:127.0.0.1:7860 HOST moonlight ui
`,
  );
  addCommonOptions(ui).action(async () => {
    const { cliSession, openWorkspace } = await import("@moonlight-rl/pipeline");
    const flags: Flags = ui.optsWithGlobals();
    const { io, signal } = cliSession(ui);
    const workspace = openWorkspace(flags.workspace, io.env);
    const { serveDashboard } = await import("@moonlight-rl/dashboard");
    const { host, token } = flags;
    const dashboard = await serveDashboard({
      workspace,
      version: ui.parent?.version() ?? "",
      host,
      port: flags.port,
      token,
    });
    try {
      io.stdout.write(
        flags.json === true
          ? `${JSON.stringify({ type: "listening", url: dashboard.url, workspace: workspace.root })}\n`
          : `${dashboard.url}  shows ${workspace.root}; end with Ctrl-C\n`,
      );
      const { pageFault } = dashboard;
      if (pageFault !== undefined)
        io.stderr.write(
          `warning  ${pageFault.code}: ${pageFault.message}\n  hint   ${pageFault.hint ?? ""}\n`,
        );
      if (flags.open === true && !(await openInBrowser(dashboard.url)))
        io.stderr.write("warning  no browser could be opened here: open the address yourself\n");
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      await dashboard.close();
    }
  });
  return ui;
}

/** Hands an address to the desktop; false where there is none. */
async function openInBrowser(url: string): Promise<boolean> {
  const { execa } = await import("execa");
  const [program, args] =
    process.platform === "darwin"
      ? ["open", [url]]
      : process.platform === "win32"
        ? ["rundll32", ["url.dll,FileProtocolHandler", url]]
        : ["xdg-open", [url]];
  const { failed } = await execa(program, args, { reject: false, stdio: "ignore", timeout: 5_000 });
  return !failed;
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65535) return value;
  throw new InvalidArgumentError("expected an integer from 0 to 65535");
}
