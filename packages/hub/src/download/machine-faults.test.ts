import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { symlink, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { downloadFixture, REPO, type DownloadFixture } from "../testing/download-fixture.ts";
import { seededBytes } from "../testing/repo-fixture.ts";

const NAME = "model.safetensors";
const CONTENT = seededBytes(3_000_000);
const MANY = Object.fromEntries(
  Array.from({ length: 300 }, (_, i) => [`many/${i}.json`, `${i}\n`]),
);

let fixture: DownloadFixture;
beforeAll(async () => {
  fixture = await downloadFixture({ [NAME]: CONTENT, ...MANY });
});
afterEach(() => {
  fixture.server.setFault(undefined);
  vi.restoreAllMocks();
});
afterAll(() => fixture.close());

/** Few of the many files, where their number does not matter. */
const FEW = { allow: [NAME, "many/7*"] };

/** Whether this machine lets us mount a file system of our own. */
const canMount = ((): boolean => {
  try {
    execFileSync("unshare", ["-rm", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/**
 * A download in a process of its own below `sh -c <prelude>`; prints the error's code, or "done". With `mend`, a shell command
 * that takes the fault away, it is tried once more after a failure. `handles` = so many may be opened by the first attempt.
 */
async function inShell(
  prelude: string,
  directory: string,
  {
    wrap = [],
    selection = FEW,
    mend,
    handles,
  }: { wrap?: string[]; selection?: typeof FEW; mend?: string; handles?: number } = {},
): Promise<string> {
  const right = createHash("sha256").update(CONTENT).digest("hex");
  const script = `
    import { quickClient } from ${JSON.stringify(new URL("../../dist/testing/index.js", import.meta.url).href)};
    import { execFileSync } from "node:child_process";
    import { createHash } from "node:crypto";
    import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
    const client = quickClient(${JSON.stringify(fixture.server.url)});
    const { commit } = await client.resolveRevision(${JSON.stringify(REPO)});
    const weights = ${JSON.stringify(join(directory, NAME))};
    const attempt = async () => {
      try {
        await client.downloadRepo({ ...${JSON.stringify(REPO)}, commit, directory: ${JSON.stringify(directory)}, selection: ${JSON.stringify(selection)} });
        console.log("done");
        return true;
      } catch (error) { console.log(error.code, error.exitCode, error.hint !== undefined); }
      finally {
        if (existsSync(weights) && createHash("sha256").update(readFileSync(weights)).digest("hex") !== "${right}")
          console.log("WRONG CONTENT");
      }
      return false;
    };
    const mend = ${JSON.stringify(mend ?? "")};
    const taken = [];
    if (${handles !== undefined}) {
      try { for (;;) taken.push(openSync("/dev/null")); } catch {}
      taken.splice(0, ${handles ?? 0}).forEach((fd) => closeSync(fd));
    }
    if (!(await attempt()) && mend !== "") {
      taken.forEach((fd) => closeSync(fd));
      execFileSync("sh", ["-c", mend]);
      await attempt();
    }
    await client.close();`;
  const args = [
    ...wrap,
    "sh",
    "-c",
    `${prelude}; exec "$0" --input-type=module -e "$1"`,
    process.execPath,
    script,
  ];
  const child = spawn(args[0] ?? "sh", args.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  await once(child, "close");
  return out.trim();
}

describe("the disk", () => {
  it.skipIf(!canMount)("F19 fills up while writing", async () => {
    const folder = await fixture.fresh();
    await mkdir(folder, { recursive: true });
    // Sparse files let the space check pass: another program then takes the room.
    const prelude = `mount -t tmpfs -o size=80m tmpfs ${folder} && head -c 12000000 /dev/zero > ${folder}/other`;
    const filler = `${prelude} && (sleep 0.05; head -c 90000000 /dev/zero > ${folder}/more 2>/dev/null) & wait; true`;
    const said = await inShell(`${filler}; true`, join(folder, "files"), {
      wrap: ["unshare", "-rm"],
      mend: `rm ${folder}/more ${folder}/other`,
    });
    expect(said).toBe("DISK_FULL 3 true\ndone");
  });

  it.skipIf(!canMount)("F20 is read-only", async () => {
    const folder = await fixture.fresh();
    await mkdir(folder, { recursive: true });
    const prelude = `mount -t tmpfs -o ro tmpfs ${folder}`;
    const said = await inShell(prelude, join(folder, "files"), {
      wrap: ["unshare", "-rm"],
      mend: `mount -o remount,rw ${folder}`,
    });
    expect(said).toBe("DISK_UNWRITABLE 3 true\ndone");
  });

  it("F21 300 files need no more than a few handles", async () => {
    const folder = await fixture.fresh();
    expect(await inShell("ulimit -n 150", folder, { selection: { allow: ["*"] } })).toBe("done");
    expect(await fixture.complete(folder)).toBe(true);
  });

  it.each([0, 1, 4, 9])(
    "F21 with %i handles left it fails with a code, and goes on later",
    async (handles) => {
      const folder = await fixture.fresh();
      const options = { selection: { allow: ["*"] }, handles, mend: "true" };
      const said = await inShell("ulimit -n 150", folder, options);
      expect(said).toMatch(
        /^(?:DISK_FAILED 1|HUB_UNREACHABLE 75|HUB_TRANSFER_FAILED 75) true\ndone$/,
      );
      expect(await fixture.complete(folder)).toBe(true);
    },
  );

  it("F27 a link that leads out of the folder is not written through", async () => {
    const folder = await fixture.fresh();
    const elsewhere = await fixture.fresh();
    await mkdir(elsewhere, { recursive: true });
    await mkdir(folder, { recursive: true });
    await symlink(elsewhere, join(folder, "many"));
    await expect(fixture.download({ directory: folder, selection: FEW })).rejects.toMatchObject({
      code: "HUB_UNSAFE_PATH",
      exitCode: 4,
    });
    expect(await readdir(elsewhere)).toEqual([]);
  });
});

describe("another process", () => {
  it("F24 that downloads to the same folder is told so at once", async () => {
    const directory = await fixture.fresh();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    fixture.server.setFault(async (request) => {
      if (request.url?.endsWith(NAME) === true) await held;
      return false;
    });
    const before = fixture.server.requests.length;
    const first = fixture.download({ directory, selection: FEW });
    await vi.waitFor(() => {
      const seen = fixture.server.requests.slice(before);
      expect(seen.some(({ path }) => path.endsWith(NAME))).toBe(true);
    });
    await expect(fixture.download({ directory, selection: FEW })).rejects.toMatchObject({
      code: "LOCK_HELD",
      exitCode: 75,
      message: expect.stringContaining(String(process.pid)),
    });
    release();
    await first;
    expect((await readFile(join(directory, NAME))).equals(CONTENT)).toBe(true);
  });

  it("F25 that is dead leaves a lock that is taken over; another host's is not", async () => {
    const directory = await fixture.fresh();
    const lock = join(`${directory}.part`, "lock");
    await mkdir(dirname(lock), { recursive: true });
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const holder = { pid: child.pid, host: hostname(), start: "x", since: "2026-01-01" };
    await writeFile(lock, JSON.stringify({ ...holder, host: "elsewhere" }));
    await expect(fixture.download({ directory, selection: FEW })).rejects.toMatchObject({
      code: "LOCK_HELD_ELSEWHERE",
      hint: expect.stringContaining(lock),
    });
    await writeFile(lock, JSON.stringify(holder));
    await fixture.download({ directory, selection: FEW });
    expect((await readFile(join(directory, NAME))).equals(CONTENT)).toBe(true);
  });
});

describe("time", () => {
  it("F30 may jump in both directions", async () => {
    const directory = await fixture.fresh();
    const real = Date.now.bind(Date);
    let jump = 0;
    vi.spyOn(Date, "now").mockImplementation(() => real() + jump);
    await fixture.download({
      directory,
      selection: FEW,
      onProgress: () => {
        jump = jump > 0 ? -86_400_000 : 86_400_000;
      },
    });
    expect((await readFile(join(directory, NAME))).equals(CONTENT)).toBe(true);
  });

  it("is bounded by totalMs, and the next run goes on", async () => {
    const directory = await fixture.fresh();
    fixture.server.setFault((request, response) => {
      if (request.headers.range?.includes("-2") !== true) return false;
      response.writeHead(503, { "retry-after": "1" }).end();
      return true;
    });
    await expect(
      fixture.download({ directory, selection: FEW, totalMs: 400 }),
    ).rejects.toMatchObject({
      code: "HUB_TOO_SLOW",
      exitCode: 75,
    });
    fixture.server.setFault(undefined);
    const { bytes } = await fixture.download({ directory, selection: FEW });
    expect(bytes.fetched).toBeLessThan(bytes.total);
    expect((await readFile(join(directory, NAME))).equals(CONTENT)).toBe(true);
  });
});

describe("the repository", () => {
  it("F28 loses a file between listing and fetching: named, and the rest stays", async () => {
    const directory = await fixture.fresh();
    fixture.server.setFault((request, response) => {
      if (request.url?.endsWith("many/77.json") !== true) return false;
      response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
      return true;
    });
    await expect(
      fixture.download({ directory, selection: FEW, connections: 1 }),
    ).rejects.toMatchObject({
      code: "HUB_NOT_FOUND",
      message: expect.stringContaining("many/77.json"),
    });
    fixture.server.setFault(undefined);
    const { bytes } = await fixture.download({ directory, selection: FEW });
    expect(bytes.kept).toBeGreaterThan(0);
    expect(await readFile(join(directory, "many/77.json"), "utf8")).toBe("77\n");
  });
});
