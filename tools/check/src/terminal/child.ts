import { execa } from "execa";
import { z } from "zod";

// Runs in the terminal that `script` lends: the arguments come by the environment, never through a shell.
const args = z.array(z.string()).parse(JSON.parse(process.env["TERMINAL_ARGS"] ?? "[]"));
const { exitCode } = await execa(process.execPath, args, { stdio: "inherit", reject: false });
process.exitCode = exitCode ?? 1;
