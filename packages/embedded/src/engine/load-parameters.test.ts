import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeHfModel } from "@moonlight-rl/checkpoint";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initialParameters } from "../model/init.ts";
import { parameterLayout } from "../model/layout.ts";
import { tinyConfig } from "../testing/tiny.ts";
import { loadParameters, parameterTensors } from "./load-parameters.ts";

const config = tinyConfig();
const layout = parameterLayout(config);
const parameters = initialParameters(config, 5);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-embedded-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("loadParameters", () => {
  it("reads back what parameterTensors wrote", async () => {
    await writeHfModel(folder, {
      config: JSON.parse(JSON.stringify(config)) as Record<string, string>,
      tensors: parameterTensors(layout, parameters, "F32"),
    });
    const loaded = await loadParameters(folder);
    expect(loaded.parameters).toEqual(parameters);
    expect(loaded.config).toEqual(config);
  });

  it("names a tensor that is missing", async () => {
    await writeHfModel(folder, {
      config: JSON.parse(JSON.stringify(config)) as Record<string, string>,
      tensors: parameterTensors(layout, parameters, "BF16").slice(0, -1),
    });
    await expect(loadParameters(folder)).rejects.toMatchObject({
      code: "ENGINE_TENSOR_MISMATCH",
      field: "lm_head.weight",
    });
  });
});
