import { join } from "node:path";
import { runCli, stageCommand, type CliIo } from "@moonlight-rl/pipeline";
import { expect, it } from "vitest";
import { convert } from "../stage.ts";
import { offsetOf, patch, withBoth } from "../testing/both-formats.ts";
import { diff } from "./diff.ts";
import { inspect } from "./inspect.ts";
import { verify } from "./verify.ts";

/** The command as users run it; what it prints, and its exit code. */
async function cli(...argv: string[]): Promise<{ code: number; out: string }> {
  let out = "";
  const io = {
    stdout: { write: (text: string) => ((out += text), true), isTTY: false },
    stderr: { write: () => true, isTTY: false },
    env: {},
    cwd: process.cwd(),
  } as unknown as CliIo;
  const code = await runCli(stageCommand(convert), argv, io);
  return { code, out };
}

it("is three commands with exit codes", () =>
  withBoth(async ({ model, checkpoint }) => {
    const inspected = await cli("inspect", checkpoint);
    expect(inspected).toMatchObject({
      code: 0,
      out: expect.stringContaining("decoder.final_layernorm.weight"),
    });
    expect((await cli("diff", model, checkpoint)).code).toBe(0);
    const norm = await offsetOf(model, "model.norm.weight");
    await patch(join(model, "model.safetensors"), norm, new Uint8Array([0xff, 0xff, 0xff, 0xff]));
    expect((await cli("diff", model, checkpoint)).code).toBe(4);
    expect(await cli("verify", model)).toMatchObject({
      code: 4,
      out: expect.stringContaining("TENSOR_NOT_FINITE"),
    });
    expect((await cli("verify", checkpoint)).code).toBe(0);
  }));

it("says the same as one JSON document a line with --json, of either format", () =>
  withBoth(async ({ model, checkpoint }) => {
    const json = async (...argv: string[]) => {
      const { code, out } = await cli(...argv, "--json");
      const lines = out.trim().split("\n");
      const last = JSON.parse(lines.at(-1) ?? "") as Record<string, unknown>;
      for (const line of lines) expect(JSON.parse(line)).toHaveProperty("type");
      expect(last["type"]).toBe("summary");
      return { code, last, output: last["output"] };
    };
    const hf = inspect.output.parse((await json("inspect", model)).output);
    const dist = inspect.output.parse((await json("inspect", checkpoint)).output);
    expect([hf.format, dist.format]).toEqual(["safetensors", "torch_dist"]);
    expect(dist.total.elements).toBe(hf.total.elements);
    for (const path of [model, checkpoint]) {
      const { code, output } = await json("verify", path, "--model", model);
      expect({ code, findings: verify.output.parse(output).findings }).toEqual({
        code: 0,
        findings: [],
      });
    }
    const same = diff.output.parse((await json("diff", checkpoint, model)).output);
    expect(same).toMatchObject({ different: 0, equal: hf.total.tensors });
    const norm = await offsetOf(model, "model.norm.weight");
    await patch(join(model, "model.safetensors"), norm, new Uint8Array([0xff, 0xff, 0xff, 0xff]));
    const other = await json("diff", checkpoint, model);
    expect(other.code).toBe(4);
    expect(diff.output.parse(other.output).different).toBe(1);
    const wrong = await json("verify", model);
    expect(wrong).toMatchObject({ code: 4, last: { error: { code: "CHECKPOINT_INVALID" } } });
    expect(verify.output.parse(wrong.output).findings).toMatchObject([
      { code: "TENSOR_NOT_FINITE", name: "model.norm.weight" },
    ]);
  }));
