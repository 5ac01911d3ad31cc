import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EventInput } from "@moonlight-rl/core";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { createExec } from "./exec.ts";

const temporary = temporaryFolder();
const events: EventInput[] = [];
const execWith = (signal = new AbortController().signal) =>
  createExec({ cwd: temporary.path, emit: (event) => events.push(event), signal });
const node = process.execPath;

describe("exec", () => {
  it("runs in the scratch folder, without a shell, and leaves an audit line", async () => {
    const script = "console.log(process.cwd()); console.log(process.argv[1]); console.error('e')";
    const { stdout, stderr, exitCode } = await execWith()(node, ["-e", script, "$HOME; ls *"]);
    expect(stdout.split("\n")).toEqual([expect.stringContaining(temporary.path), "$HOME; ls *"]);
    expect({ stderr, exitCode }).toEqual({ stderr: "e", exitCode: 0 });
    const args = ["-e", script, "$HOME; ls *"];
    expect(events.slice(-2)).toMatchObject([
      { type: "log", data: { command: node, args } },
      { type: "log", data: { command: node, exitCode: 0 } },
    ]);
  });

  it("passes input and environment, and hands lines over as they come", async () => {
    const lines: string[] = [];
    const script =
      "process.stdin.on('data', (d) => process.stdout.write(d + process.env.EXTRA + '\\n'))";
    await execWith()(node, ["-e", script], {
      input: "a\nb",
      env: { EXTRA: "!" },
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    });
    expect(lines).toEqual(["stdout a", "stdout b!"]);
  });

  it("fails with the last line that the program said", async () => {
    const args = ["-e", "console.error('first'); console.error('no disk'); process.exit(3)"];
    await expect(execWith()(node, args)).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      exitCode: 1,
      message: expect.stringContaining("exit code 3: no disk"),
    });
    expect(await execWith()(node, args, { reject: false })).toMatchObject({ exitCode: 3 });
  });

  it("tells a program that is missing from one that fails", async () => {
    await expect(execWith()(join(temporary.path, "none"))).rejects.toMatchObject({
      code: "COMMAND_NOT_FOUND",
      exitCode: 3,
    });
    await expect(
      execWith()(node, ["-e", "process.kill(process.pid, 'SIGKILL')"]),
    ).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      message: expect.stringContaining("SIGKILL"),
    });
  });

  it("ends the program when the signal fires", async () => {
    const controller = new AbortController();
    const work = execWith(controller.signal)(
      node,
      ["-e", "console.log('up'); setInterval(() => {}, 1000)"],
      { onLine: () => controller.abort() },
    );
    await expect(work).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
  });

  it("leaves nothing behind when it is interrupted, not even what a child has put into another session", async () => {
    const controller = new AbortController();
    const pids: number[] = [];
    // Both ignore SIGTERM; the grandchild holds no pipe of the child.
    const script = `
      process.on("SIGTERM", () => {});
      const { pid } = require("node:child_process").spawn(process.execPath,
        ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" });
      setTimeout(() => console.log(process.pid, pid), 300);
      setInterval(() => {}, 1000);`;
    const running = execWith(controller.signal)(node, ["-e", script], {
      onLine: (line) => {
        pids.push(...line.split(" ").map(Number));
        controller.abort();
      },
    });
    await expect(running).rejects.toMatchObject({ exitCode: 130 });
    expect(pids).toHaveLength(2);
    for (const pid of pids) await expect.poll(() => alive(pid), { timeout: 5_000 }).toBe(false);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
