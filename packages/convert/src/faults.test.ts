import { appendFile, cp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  megatronArgs,
  megatronSources,
  openHfModel,
  openTorchDist,
  writeTorchDist,
} from "@moonlight-rl/checkpoint";
import { adoptArtifact } from "@moonlight-rl/pipeline";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { expect, it } from "vitest";
import { toTorchDist } from "./stage.ts";
import { TINY, WEIGHTS } from "./testing/models.ts";

it("C9 a checkpoint without its last file is not taken for a complete one", () =>
  withStage(toTorchDist, async (kit) => {
    const { checkpoint } = await kit.run({ model: await adoptArtifact("hf-model", TINY) });
    for (const marker of ["latest_checkpointed_iteration.txt", "release/metadata.json"]) {
      const folder = await kit.files({});
      await cp(checkpoint.path, folder, { recursive: true });
      await rm(join(folder, marker));
      await expect(openTorchDist(folder)).rejects.toMatchObject({
        code: "CHECKPOINT_INCOMPLETE",
        exitCode: 3,
      });
    }
  }));

it("C11 the source changes while it is read", async () => {
  const spoils = {
    grows: (file: string) => appendFile(file, "more"),
    "is replaced": async (file: string) => {
      await cp(file, `${file}.new`);
      await rename(`${file}.new`, file);
    },
  };
  for (const spoil of Object.values(spoils)) {
    await withStage(toTorchDist, async (kit) => {
      const folder = await kit.files({});
      await cp(TINY, folder, { recursive: true });
      const file = join(folder, WEIGHTS);
      const model = await openHfModel(folder);
      await spoil(file);
      const target = await kit.files({});
      const written = writeTorchDist(join(target, "out"), {
        iteration: "release",
        args: megatronArgs(model.config),
        tensors: megatronSources(model.config, {
          dtypeOf: (name) => model.dtypeOf(name),
          read: (name) => model.blocks(name),
          stored: (name) => model.stored(name),
        }),
      });
      await expect(written).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
      await expect(openTorchDist(join(target, "out"))).rejects.toMatchObject({
        code: "CHECKPOINT_INCOMPLETE",
      });
    });
  }
});
