import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import type { Gate } from "./gate.ts";

const BIN = "tools/learning/dist/bin.js";
/** Of seeds 1 to 5 each gains 49 points or more (docs/learning.md); less than this is not the same policy. */
const LEAST_GAIN = 0.3;
const SURE = 0.001;

const figuresSchema = z.object({
  run: z.string(),
  base: z.number(),
  trained: z.number(),
  difference: z.number(),
  pValue: z.number(),
});

/** The tiny policy learns with that seed. */
export function learningGate(seed: number): Gate {
  return gate(`learning ${seed}`, ["--no-control", `--seeds=${seed}`], ({ difference, pValue }) =>
    difference >= LEAST_GAIN && pValue <= SURE
      ? undefined
      : `gains less than ${LEAST_GAIN * 100} points`,
  );
}

/** It does not when the labels are shuffled: what it learns comes from the reward. */
export function controlGate(): Gate {
  return gate("learning 0", ["--seeds="], ({ difference, pValue }) =>
    difference <= 0 || pValue > SURE ? undefined : "gains from labels that mean nothing",
  );
}

function gate(
  name: string,
  args: readonly string[],
  fault: (figures: z.output<typeof figuresSchema>) => string | undefined,
): Gate {
  return {
    name,
    async run() {
      const workspace = await mkdtemp(join(tmpdir(), "moonlight-learning-"));
      try {
        const { stdout, all, exitCode } = await execa(
          process.execPath,
          [BIN, "--json", ...args, "--workspace", workspace],
          { reject: false, all: true, stdin: "ignore" },
        );
        if (exitCode !== 0)
          return {
            passed: 0,
            failures: [`exit ${exitCode ?? "by a signal"}\n${all.slice(-2000)}`],
          };
        const figures = figuresSchema.parse(JSON.parse(stdout));
        const found = fault(figures);
        return found === undefined
          ? { passed: 1, failures: [] }
          : { passed: 0, failures: [`${found}: ${stdout}`] };
      } finally {
        await rm(workspace, { recursive: true, force: true });
      }
    },
  };
}
