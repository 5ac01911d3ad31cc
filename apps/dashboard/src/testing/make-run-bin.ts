import { parseArgs } from "node:util";
import { makeRun } from "./make-run.ts";

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    rollouts: { type: "string", default: "3000" },
    groups: { type: "string", default: "128" },
    samples: { type: "string", default: "8" },
  },
});
if (values.out === undefined) throw new Error("--out WORKSPACE is needed");
const [rollouts, groups, samples] = [values.rollouts, values.groups, values.samples].map(Number);
console.log(
  await makeRun(values.out, {
    rollouts: rollouts ?? 0,
    groups: groups ?? 0,
    samples: samples ?? 0,
  }),
);
