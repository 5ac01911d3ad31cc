import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const temporary = temporaryFolder();
const SLOW = fileURLToPath(new URL("../../fixtures/slow-stage.mjs", import.meta.url));

/** Starts the executable and sends signals: the first when the stage is at work, each further one when it has answered. */
async function stop(signals: NodeJS.Signals[], env: Record<string, string> = {}) {
  const argv = [SLOW, "--json", "--workspace", join(temporary.path, "ws")];
  const child = spawn(process.execPath, argv, { env: { ...process.env, ...env } });
  const written = { out: "", err: "" };
  const next = (): void => {
    const signal = signals.shift();
    if (signal !== undefined) child.kill(signal);
  };
  child.stdout.on("data", (data: Buffer) => {
    const before = written.out.includes("ready");
    written.out += data.toString();
    if (!before && written.out.includes("ready")) next();
  });
  child.stderr.on("data", (data: Buffer) => {
    written.err += data.toString();
    if (data.toString().includes("stopping cleanly")) next();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...written };
}

describe("signals", () => {
  it.each<NodeJS.Signals>(["SIGINT", "SIGTERM"])("%s stops cleanly", async (signal) => {
    const { code, out, err } = await stop([signal]);
    expect(code).toBe(130);
    expect(err).toContain("error INTERRUPTED: Interrupted.");
    const last = JSON.parse(out.trim().split("\n").at(-1) ?? "") as unknown;
    expect(last).toMatchObject({ type: "summary", status: "interrupted", exitCode: 130 });
    expect(await readdir(join(temporary.path, "ws", "locks"))).toEqual([]);
  });

  it("a second one ends a stage that does not listen, at once", async () => {
    const { code, out } = await stop(["SIGINT", "SIGINT"], { STUBBORN: "1" });
    expect(code).toBe(130);
    expect(out).not.toContain("stage.failed");
  });
});

it("says where an error of ours is explained, but not what an interruption is", async () => {
  const child = spawn(process.execPath, [SLOW, "--no-such-flag"]);
  let err = "";
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  expect(code).toBe(2);
  expect(err).toContain("  more: npx @moonlight-rl/moonlight explain UNKNOWN_FLAG\n");
  expect((await stop(["SIGINT"])).err).not.toContain("more:");
});

it("knows its version", async () => {
  const child = spawn(process.execPath, [SLOW, "--version"]);
  let out = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});
