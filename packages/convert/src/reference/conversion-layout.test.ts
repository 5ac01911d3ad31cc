import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { describe, expect, it } from "vitest";
import { conversionLayout } from "./conversion-layout.ts";

describe("conversionLayout", () => {
  it.each([
    [1, undefined, 1, 1, 27],
    [8, undefined, 1, 4, 6],
    [16, undefined, 1, 4, 6],
    [2, undefined, 1, 2, 13],
    [8, undefined, 8, 1, 27],
    [8, undefined, 2, 4, 6],
    [8, 2, 4, 2, 13],
    [3, undefined, 1, 3, 9],
    [5, undefined, 1, 5, 3],
  ])(
    "of Moonlight on %i GPUs, stages %s, expert parallel %i: %i stages, the last of %i layers",
    (gpus, pipelineParallel, expertParallel, stages, last) => {
      const layout = conversionLayout(MOONLIGHT_16B_A3B, gpus, {
        pipelineParallel,
        expertParallel,
      });
      expect(layout).toEqual({
        gpus,
        expertParallel,
        pipelineParallel: stages,
        lastStageLayers: last,
      });
    },
  );

  it.each([
    [8, 3, 1],
    [32, 32, 1],
    [8, 4, 4],
    [7, 1, 7],
  ])(
    "refuses %i GPUs in %i stages with %i-way experts",
    (gpus, pipelineParallel, expertParallel) => {
      expect(() =>
        conversionLayout(MOONLIGHT_16B_A3B, gpus, { pipelineParallel, expertParallel }),
      ).toThrow(expect.objectContaining({ code: "CONVERT_LAYOUT", exitCode: 2 }));
    },
  );
});
