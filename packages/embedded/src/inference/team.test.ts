import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { InferenceModel, type DecodingRow } from "../engine/inference-model.ts";
import { initialParameters } from "../model/init.ts";
import { tinyConfig } from "../testing/tiny.ts";

const config = tinyConfig();
const parameters = initialParameters(config, 3);

/** The distributions of some steps of 37 sequences, decoded by so many threads. */
async function decoded(threads: number): Promise<Float32Array[]> {
  const model = await InferenceModel.create({ config, parameters, threads });
  const cache = model.cache(37);
  try {
    await model.prepare();
    cache.resize(64, 0, () => 0);
    const steps: Float32Array[] = [];
    for (let step = 0; step < 60; step++) {
      const rows = Array.from({ length: 37 }, (_, slot): DecodingRow => ({
        last: (7 * slot + step) % 24,
        cached: step,
        temperature: 1,
      }));
      steps.push(...model.decode(rows, cache).map((row) => row.slice()));
      // The helpers start while this thread decodes already; let them come into it.
      if (step % 10 === 0) await setTimeout(20);
    }
    return steps;
  } finally {
    await model.close();
  }
}

describe("Team", () => {
  it("gives the same bits with one thread and with several", async () => {
    const alone = await decoded(1);
    expect(await decoded(2)).toEqual(alone);
    expect(await decoded(3)).toEqual(alone);
    for (const row of alone) expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  });
});
