import { interopGate } from "./interop-gate.ts";
import { controlGate, learningGate } from "./learning-gate.ts";
import { nodeGate } from "./node-gate.ts";
import { runGates } from "./run-gates.ts";
import { TOPICS } from "@moonlight-rl/interop";

/** What takes long, or needs Python or other versions of Node: `npm run check:deep`, never part of CI. */
await runGates(
  [
    ...TOPICS.map(({ name }) => interopGate(name)),
    // The least that `engines` allows, and both lines that are maintained.
    ...["20.19.0", "22.23.3", "24.21.0"].map(nodeGate),
    ...[1, 2, 3].map(learningGate),
    controlGate(),
  ],
  process.argv.slice(2),
);
