import { readFileSync } from "node:fs";
import { createProgram } from "./program.ts";

// Our own file; a schema for it would cost a quarter of the time that `--help` may take.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };
const argv = process.argv.slice(2);
const program = await createProgram(version, argv);
if (["--help", "-h", "--version", "-V"].includes(argv[0] ?? ""))
  program.parse(argv, { from: "user" });
else {
  const { endWith, runCli } = await import("@moonlight-rl/pipeline");
  endWith(await runCli(program, argv));
}
