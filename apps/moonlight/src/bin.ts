import { createRequire } from "node:module";
import { endWith, runCli } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { createProgram } from "./program.ts";

const { version } = z
  .object({ version: z.string() })
  .parse(createRequire(import.meta.url)("../package.json"));
const argv = process.argv.slice(2);
endWith(await runCli(await createProgram(version, argv[0]), argv));
