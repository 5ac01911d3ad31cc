import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { renderArgv } from "@moonlight-rl/miles";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { rolloutConfig } from "../stage.ts";
import { importCommand } from "./import-command.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-import-"));
});
afterEach(() => rm(folder, { recursive: true }));

const argv = renderArgv(resolveRecipe({ profile: "moonlight-16b-a3b" }).recipe, MOONLIGHT_16B_A3B);

async function run(text: string, options: Record<string, unknown> = {}) {
  const script = join(folder, "run.sh");
  await writeFile(script, text);
  const warnings: MoonlightEvent[] = [];
  const context = { emit: (event: MoonlightEvent) => warnings.push(event) } as never;
  const input = importCommand.input.parse({ script, ...options });
  return { output: await importCommand.run(input, context), warnings };
}

describe("import", () => {
  it("reads an argv with one argument a line", async () => {
    const { output } = await run(`${[...argv, "--seed", "7"].join("\n")}\n`);
    expect(output).toMatchObject({ recipe: "profile: moonlight-16b-a3b\nseed: 7\n", lost: [] });
  });

  it("reads a script with sources and definitions; the recipe and its record render the same argv", async () => {
    const common = join(folder, "common.sh");
    await writeFile(common, `MODEL=(${argv.slice(5).join(" ")})`);
    const text = [
      "pkill -9 python",
      'source "$HERE/common.sh"',
      "exec_args=(--lr=5e-7)",
      "python3 train.py ${exec_args[@]} --seed $SEED --actor-num-nodes 1 ${MODEL[@]} --colocate --actor-num-gpus-per-node 8",
    ].join("\n");
    const out = join(folder, "out");
    const { output } = await run(text, { define: ["SEED=3"], source: [common], out });
    expect(output.skipped).toEqual([
      { file: expect.any(String), line: 1, text: "pkill -9 python" },
    ]);
    expect(output.files).toEqual([join(out, "recipe.yaml"), join(out, "import-record.json")]);
    await withStage(rolloutConfig, async (kit) => {
      const files = [join(out, "recipe.yaml")];
      const importRecord = join(out, "import-record.json");
      const { argv: again } = await kit.run({ files, importRecord, render: "argv" });
      const record = JSON.parse(await readFile(importRecord, "utf8")) as { argv: string[] };
      expect(again).toEqual(record.argv);
      expect(again?.slice(0, 3)).toEqual(["--lr=5e-7", "--seed", "3"]);
      const edited = await kit.run({ files, importRecord, set: ["seed=4"], render: "argv" });
      expect(edited.argv?.[0]).toBe("--actor-num-nodes");
      await writeFile(importRecord, "{}");
      await expect(kit.run({ files, importRecord })).rejects.toMatchObject({
        code: "IMPORT_RECORD_INVALID",
      });
    });
  });

  it("warns of a secret, and writes it nowhere", async () => {
    const out = join(folder, "out");
    const { output, warnings } = await run([...argv, "--wandb-key", "s3cret"].join("\n"), { out });
    expect(JSON.stringify([output, warnings])).not.toContain("s3cret");
    expect(warnings).toMatchObject([{ code: "IMPORT_SECRET" }]);
    expect(output.files).toEqual([join(out, "recipe.yaml")]);
  });

  it("refuses what it cannot follow, and a file that is not there", async () => {
    await expect(run("python3 train.py --x $(id)")).rejects.toMatchObject({
      code: "SCRIPT_REFUSED",
    });
    const model = (name: string) =>
      `ARGS=$(python3 "$S/model_args_utils.py" "${name}")\npython3 train.py \${ARGS} --rollout-batch-size 8`;
    expect((await run(model("moonlight"))).output.lost).toEqual([]);
    await expect(run(model("qwen3-4B"))).rejects.toMatchObject({ code: "SCRIPT_REFUSED" });
    await expect(run("#!/bin/bash\necho hello\n")).rejects.toMatchObject({
      code: "SCRIPT_REFUSED",
    });
    await expect(run("python3 train_async.py --rollout-batch-size 8")).rejects.toMatchObject({
      code: "SCRIPT_REFUSED",
      message: expect.stringContaining("train_async.py"),
    });
    await expect(run("--lr\nfast\n")).rejects.toMatchObject({ code: "ARGV_INVALID" });
    await expect(
      importCommand.run(importCommand.input.parse({ script: join(folder, "no") }), {} as never),
    ).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });
});
