import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratchFolder } from "./scratch-folder.ts";

it("removes what a dead process has left, ends its server, and touches nothing else", async () => {
  const parent = await mkdtemp(join(tmpdir(), "scratch-"));
  const { pid: dead } = spawnSync(process.execPath, ["-e", ""]);
  const left = join(parent, `moonlight-bench-${dead}-abc`);
  await mkdir(join(left, "download"), { recursive: true });
  const server = spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)", left]);
  await writeFile(join(left, "nginx.pid"), `${server.pid}\n`);
  const others = [`moonlight-bench-${process.pid}-abc`, "moonlight-bench-abc", "other"].map(
    (name) => join(parent, name),
  );
  for (const folder of others) await mkdir(folder);
  // Whose pid file names a process of someone else.
  const recycled = join(parent, `moonlight-bench-${dead}-def`);
  await mkdir(recycled);
  await writeFile(join(recycled, "nginx.pid"), `${process.pid}\n`);
  try {
    const ended = new Promise((resolve) => server.once("exit", (_, signal) => resolve(signal)));
    const made = await scratchFolder(parent);
    expect(await ended).toBe("SIGTERM");
    expect([made, ...others].filter((folder) => !existsSync(folder))).toEqual([]);
    expect([left, recycled].filter((folder) => existsSync(folder))).toEqual([]);
  } finally {
    server.kill("SIGKILL");
    await rm(parent, { recursive: true });
  }
});
