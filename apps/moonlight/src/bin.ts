import { readFileSync } from "node:fs";
import { mayAskForHelp, printHelp } from "@moonlight-rl/pipeline/print-help";
import { createProgram } from "./program.ts";

// Our own file; a schema for it would cost a quarter of the time that `--help` may take.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };
const argv = process.argv.slice(2);
// Help and version need commander alone; the machinery around a command's work is loaded for that.
const helped =
  mayAskForHelp(argv) && printHelp(await createProgram(version, argv, { forHelp: true }), argv);
if (!helped) {
  const { endWith, processIo, runCli } = await import("@moonlight-rl/pipeline");
  const more = async (code: string): Promise<string | undefined> =>
    (await import("./explain/more-about.ts")).moreAbout(code);
  endWith(await runCli(await createProgram(version, argv), argv, processIo(), { more }));
}
