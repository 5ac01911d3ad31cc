import { readFileSync } from "node:fs";
import { createProgram } from "./program.ts";

// Our own file; a schema for it would cost a quarter of the time that `--help` may take.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };
const argv = process.argv.slice(2);
const program = await createProgram(version, argv);
// Help and version need commander alone; the machinery around a command's work is loaded for that.
const flags = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
if (
  flags.some((flag) => flag === "--help" || flag === "-h") ||
  /^(?:--version|-V)$/.test(argv[0] ?? "")
)
  program.parse(argv, { from: "user" });
else {
  const { endWith, processIo, runCli } = await import("@moonlight-rl/pipeline");
  const more = async (code: string): Promise<string | undefined> =>
    (await import("./explain/more-about.ts")).moreAbout(code);
  endWith(await runCli(program, argv, processIo(), { more }));
}
