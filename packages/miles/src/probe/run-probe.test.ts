import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProbe, type ProbeQuestions } from "./run-probe.ts";

const NOTHING: ProbeQuestions = { ports: [], paths: [], modules: [], importFrom: [] };
/** The probe is for machines with Python; ours need not have it. */
const hasPython = ((): boolean => {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "probe-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, body: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

describe("runProbe", () => {
  it.skipIf(!hasPython)(
    "looks at this machine, and imports nothing that it looks for",
    async () => {
      const server = createServer().listen(0, "127.0.0.1");
      const port = await new Promise<number>((resolve) =>
        server.once("listening", () => {
          const address = server.address();
          resolve(typeof address === "object" && address !== null ? address.port : 0);
        }),
      );
      const source = join(folder, "sources");
      await mkdir(join(source, "miles"), { recursive: true });
      await mkdir(join(source, ".git"));
      await writeFile(join(source, ".git", "HEAD"), `${"a".repeat(40)}\n`);
      await writeFile(join(source, "miles", "__init__.py"), "raise SystemExit('imported')");
      const [facts] = await runProbe(
        {
          ports: [port],
          paths: [source, join(folder, "nothing", "here")],
          modules: [
            { name: "miles", packages: ["miles"] },
            { name: "no_such_module", packages: ["x"] },
            { name: "no_such.inner", packages: [] },
          ],
          importFrom: [source],
        },
        { python: "python3" },
      );
      server.close();
      expect(facts).toMatchObject({
        host: hostname(),
        ports: [{ port, taken: true }],
        paths: [
          { path: source, exists: true },
          { exists: false, writable: true },
        ],
        modules: [
          { name: "miles", found: true, location: join(source, "miles"), commit: "a".repeat(40) },
          { name: "no_such_module", found: false },
          { name: "no_such.inner", found: false },
        ],
      });
    },
  );

  it.each([
    ["is not there", undefined, "PYTHON_MISSING"],
    ["fails", "echo 'no module named ray' >&2; exit 1", "PROBE_FAILED"],
    ["answers no JSON", "echo hello", "PROBE_ANSWER"],
    ["answers something else", `echo '[{"host": 1}]'`, "PROBE_ANSWER"],
  ])("refuses an interpreter that %s", async (name, body, code) => {
    const python =
      body === undefined ? join(folder, "none") : await program(name.replaceAll(" ", "-"), body);
    await expect(runProbe(NOTHING, { python })).rejects.toMatchObject({ code });
  });

  it("tells a node that gives no answer from one that does", async () => {
    const python = await program("cluster", `echo '[{"host": "n1", "error": "timed out"}]'`);
    expect(await runProbe(NOTHING, { python, rayAddress: "auto" })).toEqual([
      { host: "n1", error: "timed out" },
    ]);
  });

  it("ends with its caller", async () => {
    const python = await program("slow", "exec sleep 60");
    const stop = new AbortController();
    const running = runProbe(NOTHING, { python, signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    await expect(running).rejects.toMatchObject({ exitCode: 130 });
  });
});
