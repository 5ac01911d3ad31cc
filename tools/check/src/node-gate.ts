import { delimiter, join } from "node:path";
import { npmEnvironment } from "@moonlight-rl/interop";
import { execa } from "execa";
import type { Gate } from "./gate.ts";
import { runVitest } from "./vitest-gate.ts";

/** The least that `engines` allows, and both lines that are maintained. */
export const NODE_VERSIONS = ["20.19.0", "22.23.3", "24.21.0"] as const;

/** What differs most between versions of Node: files, processes, streams, sockets, and the command's own start. */
const QUICK = [
  "packages/core",
  "packages/checkpoint/src/zip",
  "packages/convert",
  "packages/hub/src/client",
];

/** The unit tests of a few packages on exactly that version of Node. */
export function quickNodeGate(version: string): Gate {
  return gateOn(version, QUICK);
}

/** All unit tests on exactly that version of Node, which npm brings as a package. */
export function nodeGate(version: string): Gate {
  return gateOn(version, []);
}

function gateOn(version: string, folders: readonly string[]): Gate {
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
      return await runVitest(env, folders);
    },
  };
}
