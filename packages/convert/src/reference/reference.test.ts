import { chmod, cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openHfModel, writeHfModel } from "@moonlight-rl/checkpoint";
import { hfTensors } from "@moonlight-rl/model";
import { adoptArtifact, type Artifact } from "@moonlight-rl/pipeline";
import { withStage, type StageKit } from "@moonlight-rl/pipeline/testing";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { describe, expect, it } from "vitest";
import { toHf, toTorchDist, type convert } from "../stage.ts";

const tiny = join(assetsDirectory, "models", MODEL);
const MODULES = ["torch", "megatron.core", "mbridge", "transformer_engine", "safetensors"];

/** What takes the place of the interpreter: it answers the probe, and its tools copy `made` to where they should write. */
async function installation(
  kit: Pick<StageKit<typeof convert>, "files">,
  made: string,
  { gpus = 8, modules = MODULES, tool = "" } = {},
): Promise<{ miles: string; megatron: string; python: string; calls: () => Promise<string[][]> }> {
  const root = await kit.files({
    "miles/tools/convert_hf_to_torch_dist.py": "",
    "miles/tools/convert_torch_dist_to_hf.py": "",
    "megatron/megatron/core/__init__.py": "",
  });
  const answer = JSON.stringify({
    modules: Object.fromEntries(MODULES.map((name) => [name, modules.includes(name)])),
    gpus,
  });
  const python = join(root, "python");
  await writeFile(
    python,
    `#!/usr/bin/env bash
printf '%s\\0' "$@" >>'${root}/calls'; printf '\\n' >>'${root}/calls'
if [[ $1 == -c ]]; then echo 'a warning of some module'; echo '${answer}'; exit; fi
printf '%s\\n' "$PYTHONPATH" "\${CONVERT_KEEP_PP1:-}" >'${root}/env'
while (( $# > 0 )); do
  case $1 in --save | --output-dir) out=$2 ;; esac
  shift
done
echo "tool says hello"
${tool}
cp -r '${made}' "$out"
`,
  );
  await chmod(python, 0o755);
  return {
    miles: join(root, "miles"),
    megatron: join(root, "megatron"),
    python,
    calls: async () =>
      (await readFile(join(root, "calls"), "utf8"))
        .split("\0\n")
        .slice(0, -1)
        .map((call) => call.split("\0")),
  };
}

/** What our own writer makes of a model; the reference's output, if it is right, differs from it in no tensor. */
async function ours(model: Artifact<"hf-model">, body: (path: string) => Promise<void>) {
  await withStage(toTorchDist, async (kit) => {
    const { checkpoint } = await kit.run({ model });
    await body(checkpoint.path);
  });
}

async function files(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true })).filter(
    (name) => !/manifest|provenance/.test(name),
  );
}

/** The tiny model with one element of one tensor changed. */
async function changed(folder: string): Promise<void> {
  const source = await openHfModel(tiny);
  await cp(tiny, folder, { recursive: true });
  await rm(join(folder, "model.safetensors"));
  await writeHfModel(folder, {
    maxShardBytes: Number.POSITIVE_INFINITY,
    tensors: hfTensors(source.config).map(({ name, shape }) => ({
      name,
      shape,
      dtype: source.dtypeOf(name) ?? "F32",
      read: async () => {
        const bytes = (await source.read(name)).slice();
        if (name === "lm_head.weight") bytes[0] = (bytes[0] ?? 0) ^ 1;
        return bytes;
      },
    })),
  });
}

describe("--backend megatron", () => {
  it("runs miles' tool on the GPUs, and publishes what our reader finds equal to the model", async () => {
    const model = await adoptArtifact("hf-model", tiny);
    await ours(model, async (made) => {
      await withStage(toTorchDist, async (kit) => {
        const { calls, ...where } = await installation(kit, made);
        const { checkpoint } = await kit.run({ model, backend: "megatron", ...where });
        expect(await files(checkpoint.path)).toEqual(await files(made));
        const tool = (await calls()).at(-1) ?? [];
        const config = (await openHfModel(tiny)).config;
        expect(tool.slice(0, 6)).toEqual([
          ..."-m torch.distributed.run --standalone --nproc-per-node 8".split(" "),
          join(where.miles, "tools/convert_hf_to_torch_dist.py"),
        ]);
        const value = (flag: string): string | undefined => tool[tool.indexOf(flag) + 1];
        expect(value("--num-layers")).toBe(String(config.num_hidden_layers));
        expect(value("--hf-checkpoint")).toBe(model.path);
        expect(value("--tensor-model-parallel-size")).toBe("1");
        expect(kit.events).toContainEqual(
          expect.objectContaining({ type: "log", message: "tool says hello" }),
        );
        const env = await readFile(join(dirname(where.python), "env"), "utf8");
        expect(env.split("\n", 1)[0]).toContain(`${where.megatron}:${where.miles}`);
      });
    });
  });

  it("converts back with miles' tool", async () => {
    const model = await adoptArtifact("hf-model", tiny);
    await ours(model, async (path) => {
      const checkpoint = await adoptArtifact("torch-dist", path);
      await withStage(toHf, async (kit) => {
        const { calls, ...where } = await installation(kit, tiny, { gpus: 0 });
        const { model: back } = await kit.run({ checkpoint, model, backend: "megatron", ...where });
        expect((await openHfModel(back.path)).tensors.size).toBeGreaterThan(10);
        const tool = (await calls()).at(-1) ?? [];
        expect(tool).toEqual([
          join(where.miles, "tools/convert_torch_dist_to_hf.py"),
          "--input-dir",
          join(checkpoint.path, "release"),
          "--output-dir",
          expect.stringContaining("hf-model"),
          "--origin-hf-dir",
          model.path,
          "--vocab-size",
          expect.stringMatching(/^\d+$/),
        ]);
      });
    });
  });

  it("keeps its parallel sizes apart, and asks for one stage when one is wanted", async () => {
    const model = await adoptArtifact("hf-model", tiny);
    await ours(model, async (made) => {
      await withStage(toTorchDist, async (kit) => {
        const { calls, ...where } = await installation(kit, made);
        const sizes = { gpus: 4, pipelineParallel: 1, expertParallel: 4 };
        await kit.run({ model, backend: "megatron", ...where, ...sizes });
        const tool = (await calls()).at(-1)?.join(" ") ?? "";
        expect(tool).toContain("--nproc-per-node 4 ");
        expect(tool).toContain("--pipeline-model-parallel-size 1 --expert-model-parallel-size 4");
        const env = await readFile(join(dirname(where.python), "env"), "utf8");
        expect(env.split("\n")[1]).toBe("1");
      });
    });
  });

  it.each([
    ["ends with 0 and writes nothing", "exit 0", "CONVERT_BACKEND_WRONG", "no tracker file"],
    [
      "crashes",
      "echo CUDA out of memory >&2; exit 7",
      "CONVERT_BACKEND_FAILED",
      "7:\n[^]*CUDA out of memory",
    ],
    [
      "is cut off after saving, before its last step",
      'mkdir "$out"; echo 1 >"$out/latest_checkpointed_iteration.txt"; exit 0',
      "CONVERT_BACKEND_WRONG",
      "tracker that says 1",
    ],
  ])("refuses a tool that %s", async (_, tool, code, message) => {
    const model = await adoptArtifact("hf-model", tiny);
    await withStage(toTorchDist, async (kit) => {
      const { calls: __, ...where } = await installation(kit, "/nowhere", { tool });
      await expect(kit.run({ model, backend: "megatron", ...where })).rejects.toMatchObject({
        code,
        message: expect.stringMatching(new RegExp(message)),
      });
    });
  });

  it("refuses an output whose values differ, or that lacks a data file", async () => {
    const model = await adoptArtifact("hf-model", tiny);
    await withStage(toTorchDist, async (kit) => {
      const other = join(await kit.files({}), "other");
      await changed(other);
      await ours(await adoptArtifact("hf-model", other), async (made) => {
        const { calls: _, ...where } = await installation(kit, made);
        await expect(kit.run({ model, backend: "megatron", ...where })).rejects.toMatchObject({
          code: "CONVERT_BACKEND_WRONG",
          exitCode: 4,
          message: expect.stringMatching(/lm_head.weight: 1 elements differ/),
        });
      });
      await ours(model, async (made) => {
        const cut = join(await kit.files({}), "cut");
        await cp(made, cut, { recursive: true });
        const data = (await files(cut)).find((name) => name.endsWith(".distcp")) ?? "";
        await rm(join(cut, data));
        const { calls: _, ...where } = await installation(kit, cut);
        await expect(kit.run({ model, backend: "megatron", ...where })).rejects.toMatchObject({
          code: "CONVERT_BACKEND_WRONG",
          message: expect.stringContaining(data.split("/").at(-1) ?? ""),
        });
      });
      expect(await readdir(kit.workspace.store).catch(() => [])).toEqual([]);
    });
  });

  it.each([
    [{ miles: undefined }, "CONVERT_INPUT", 2],
    [{ megatron: undefined }, "CONVERT_INPUT", 2],
    [{ miles: tiny }, "MILES_NOT_FOUND", 3],
    [{ megatron: tiny }, "MEGATRON_NOT_FOUND", 3],
    [{ python: "/nowhere/python" }, "COMMAND_NOT_FOUND", 3],
    [{ gpus: 16 }, "GPUS_MISSING", 3],
    [{ extraState: true }, "CONVERT_INPUT", 2],
    [{ gpus: 8, pipelineParallel: 3 }, "CONVERT_LAYOUT", 2],
  ])("refuses %j before anything is written: %s", async (wrong, code, exitCode) => {
    const model = await adoptArtifact("hf-model", tiny);
    await withStage(toTorchDist, async (kit) => {
      const { calls: _, ...where } = await installation(kit, "/nowhere");
      const input = { model, backend: "megatron", ...where, ...wrong };
      const given = Object.fromEntries(
        Object.entries(input).filter(([, value]) => value !== undefined),
      );
      await expect(kit.run(given as never)).rejects.toMatchObject({ code, exitCode });
    });
  });

  it("names the modules that the interpreter lacks, and one that answers no JSON", async () => {
    const model = await adoptArtifact("hf-model", tiny);
    await withStage(toTorchDist, async (kit) => {
      const { calls: _, ...where } = await installation(kit, "/nowhere", { modules: ["torch"] });
      await expect(kit.run({ model, backend: "megatron", ...where })).rejects.toMatchObject({
        code: "PYTHON_MODULES",
        message: expect.stringContaining("megatron.core, mbridge, transformer_engine"),
      });
      const python = "/bin/true";
      await expect(kit.run({ model, backend: "megatron", ...where, python })).rejects.toMatchObject(
        {
          code: "PYTHON_ANSWER",
        },
      );
    });
  });

  it("says in its plan what would run", async () => {
    const model = await adoptArtifact("hf-model", tiny);
    await withStage(toTorchDist, async (kit) => {
      expect(JSON.stringify(await kit.plan({ model, backend: "megatron" }))).toContain(
        "run tools/convert_hf_to_torch_dist.py of miles on all GPUs",
      );
    });
  });
});
