import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { numbers, sum } from "../../fixtures/toy-stages.ts";
import { defineStage, type Stage } from "../stage/define-stage.ts";
import { checkStageContract } from "./contract-check.ts";
import { withStage } from "./stage-kit.ts";

describe("checkStageContract", () => {
  it("passes stages that keep it", async () => {
    expect((await checkStageContract(numbers, { count: 3 })).last).toBe(3);
    const output = await checkStageContract(sum, async (kit) => ({
      list: await kit.artifact("toy-list", { "list.txt": "1\n2\n" }, { meta: { count: 2 } }),
    }));
    expect(output.value).toBe(3);
  });

  const broken = (more: Partial<Stage>): Stage =>
    defineStage({ ...numbers, name: "broken", ...(more as object) });

  it.each<[string, Stage, object]>([
    [
      "a plan with side effects",
      broken({
        plan: async (_, { workspace }) => {
          await appendFile(join(workspace, "..", "workspace", "x"), "").catch(() => undefined);
          const { mkdir } = await import("node:fs/promises");
          await mkdir(join(workspace, "made"), { recursive: true });
          return [];
        },
      }),
      { code: "STAGE_CONTRACT_BROKEN", message: expect.stringContaining("plan") },
    ],
    [
      "an output that is not its schema's",
      broken({ output: z.object({ list: z.string() }) }),
      { code: "STAGE_OUTPUT_INVALID" },
    ],
    [
      "files that change after publication",
      broken({
        run: async (input, context) => {
          const output = await numbers.run(input as never, context);
          const path = join(output.list.path, "list.txt");
          const text = await readFile(path, "utf8");
          const { writeFile } = await import("node:fs/promises");
          await writeFile(path, text.replaceAll("1", "9"));
          return output;
        },
      }),
      { code: "ARTIFACT_CHANGED" },
    ],
    [
      "events that no reader knows",
      broken({
        run: (input, context) => {
          context.emit({ type: "metric", step: 0, values: { loss: Number.NaN } });
          return numbers.run(input as never, context);
        },
      }),
      { name: "ZodError" },
    ],
  ])("catches %s", async (_, stage, error) => {
    await expect(checkStageContract(stage, { count: 3 })).rejects.toMatchObject(error);
  });
});

it("withStage gives files, events and a workspace that is gone afterwards", async () => {
  const root = await withStage(numbers, async (kit) => {
    const folder = await kit.files({ "a/b.txt": "text" });
    expect(await readFile(join(folder, "a", "b.txt"), "utf8")).toBe("text");
    await kit.run({ count: 1 });
    expect(kit.events.map(({ type }) => type)).toContain("stage.finished");
    expect(await kit.plan({ count: 1 })).toMatchObject({ status: "hit" });
    return kit.workspace.root;
  });
  await expect(readFile(join(root, "cache"))).rejects.toMatchObject({ code: "ENOENT" });
});
