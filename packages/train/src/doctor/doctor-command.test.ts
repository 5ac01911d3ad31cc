import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli, stageCommand } from "@moonlight-rl/pipeline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { train } from "../stage.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "doctor-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function doctor(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const stream = (name: "out" | "err") => ({
    write: (text: string) => {
      written[name] += text;
      return true;
    },
  });
  const code = await runCli(
    stageCommand(train),
    ["doctor", ...args, "--workspace", join(folder, "workspace")],
    { stdout: stream("out"), stderr: stream("err"), env: {} },
  );
  return { code, ...written };
}

describe("doctor", () => {
  it("finds this machine fit for the embedded engine", async () => {
    const { code, out } = await doctor();
    expect(code).toBe(0);
    expect(out).toMatch(
      /✓ .* engine +ONNX Runtime loads and computes\n[^]*0 errors, 0 warnings\n$/,
    );
  });

  it("lists all that stands in the way of a run on miles, each fix once, and ends with 3", async () => {
    const python = join(folder, "python");
    const facts = {
      host: "node-1",
      user: 0,
      python: { version: "3.12.3", executable: python },
      cpus: 64,
      memory: { total: 1e12, available: 1e12, limit: null },
      sharedMemory: { path: "/dev/shm", exists: true, writable: true, free: 1e11, total: 1e11 },
      limits: { openFiles: null, processes: null, lockedMemory: null },
      gpus: [],
      gpuProcesses: [],
      gpusWithNvlink: null,
      processes: [],
      ports: [],
      paths: [],
      modules: [],
    };
    await writeFile(python, `#!/bin/sh\necho '${JSON.stringify([facts])}'\n`);
    await chmod(python, 0o755);
    const args = ["--profile", "moonlight-16b-a3b", "--set", `launch.python=${python}`];
    const { code, out, err } = await doctor(...args);
    expect(code).toBe(3);
    expect(out).toContain("✗  node-1  gpu-count");
    expect(out.match(/Install it there/g)).toHaveLength(1);
    expect(err).toMatch(/error DOCTOR_ERRORS: \d+ things stand in the way; the first: gpu-count/);
    const { out: json } = await doctor(...args, "--json");
    expect(JSON.parse(json.trim().split("\n").at(-1) ?? "")).toMatchObject({
      type: "summary",
      output: { backend: "miles" },
    });
  });

  it("says of a Ray cluster whether it has the GPUs", async () => {
    const python = join(folder, "ray-python");
    await writeFile(python, `#!/bin/sh\necho '[{"host": "n1", "error": "hangs"}]'\n`);
    await chmod(python, 0o755);
    const set = ["--set", `launch.python=${python}`, "--ray-address", "auto"];
    const { code, out } = await doctor("--profile", "moonlight-16b-a3b", ...set);
    expect(code).toBe(3);
    expect(out).toMatch(/✗ +Ray +cluster-gpus +1 node with 0 GPUs, 8 are needed/);
    expect(out).toMatch(/✗ +n1 +node +it gave no answer: hangs/);
  });
});
