import { parseArgs } from "node:util";
import { TOPICS } from "@moonlight-rl/interop";
import { largeBrowserGate } from "./browser-gate.ts";
import { interopGate } from "./interop-gate.ts";
import { controlGate, learningGate } from "./learning-gate.ts";
import { NODE_VERSIONS, nodeGate } from "./node-gate.ts";
import { runGates } from "./run-gates.ts";
import { tutorialsGate } from "./tutorials-gate.ts";
import { deepTestsGate } from "./vitest-gate.ts";

const { values, positionals } = parseArgs({
  options: { miles: { type: "string" }, megatron: { type: "string" } },
  allowPositionals: true,
});
/** Checkouts of the reference, for the cross-checks that run its code. */
const references = Object.entries(values).map(([name, folder]) => `--${name}=${folder}`);

/** What takes long, or needs Python or other versions of Node: `npm run check:deep`, never part of CI. */
await runGates(
  [
    ...TOPICS.map(({ name }) => interopGate(name, references)),
    deepTestsGate(),
    tutorialsGate({ whole: true }),
    largeBrowserGate(),
    ...NODE_VERSIONS.map(nodeGate),
    ...[1, 2, 3].map(learningGate),
    controlGate(),
  ],
  positionals,
);
