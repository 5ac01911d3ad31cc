import { delimiter, join } from "node:path";
import { npmEnvironment } from "@moonlight-rl/interop";
import { execa } from "execa";
import type { Gate } from "./gate.ts";
import { runVitest } from "./vitest-gate.ts";

/** All unit tests on exactly that version of Node, which npm brings as a package. */
export function nodeGate(version: string): Gate {
  return {
    name: `node ${version}`,
    async run() {
      const name = `node-${process.platform}-${process.arch}`;
      const folder = await npmEnvironment({
        name: `node-${version.split(".", 1)[0] ?? ""}`,
        package: `${name}@${version}`,
      });
      const bin = join(folder, "node_modules", name, "bin");
      // Tests and stages start further processes by the name of node.
      const env = { PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` };
      const running = await execa("node", ["--version"], { env });
      if (running.stdout !== `v${version}`)
        return { passed: 0, failures: [`${name}@${version} is ${running.stdout}`] };
      return await runVitest(env);
    },
  };
}
