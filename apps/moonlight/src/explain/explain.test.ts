import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findEntries, readCatalogue } from "./catalogue.ts";
import { entryText } from "./entry-text.ts";
import { moreAbout } from "./more-about.ts";
import { pageLink } from "./page-link.ts";

const BIN = fileURLToPath(new URL("../../bin/moonlight.js", import.meta.url));
const catalogue = await readCatalogue();
const one = (code: string) => {
  const entry = catalogue.find((candidate) => candidate.code === code);
  if (entry === undefined) throw new Error(`no ${code}`);
  return entry;
};

function moonlight(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [BIN, ...argv], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], NO_COLOR: "1" },
  });
}

describe("a code", () => {
  it("is found in any case, with either dash, and by a part of its name", () => {
    expect(findEntries(catalogue, "hub-unreachable")).toEqual([one("HUB_UNREACHABLE")]);
    expect(findEntries(catalogue, "HUB_").every(({ code }) => code.startsWith("HUB_"))).toBe(true);
    expect(findEntries(catalogue, undefined)).toBe(catalogue);
  });

  it.each([
    ["HUB_UNREACHABEL", 'Did you mean "HUB_UNREACHABLE"?'],
    ["NOTHING_LIKE_THAT_AT_ALL", "lists all"],
    [" ", "lists all"],
  ])("%j that is none is refused, with the nearest", (text, hint) => {
    expect(() => findEntries(catalogue, text)).toThrow(
      expect.objectContaining({ code: "CODE_UNKNOWN", hint: expect.stringContaining(hint) }),
    );
  });
});

describe("moonlight explain", () => {
  it("says what it means, what causes it and what to do", () => {
    const { status, stdout } = moonlight("explain", "DISK_FULL");
    expect(status).toBe(0);
    const parts = [
      "DISK_FULL  (exit 3)",
      "Usual causes:\n  - ",
      "What to do:\n  - ",
      "Raised by: core",
    ];
    for (const part of parts) expect(stdout).toContain(part);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("shows where a link of the page leads as a terminal can", () => {
    const { stdout } = moonlight("explain", "RECIPE_INVALID");
    expect(stdout).toContain("The recipe, group by group (docs/recipe/README.md) lists");
    expect(stdout).not.toContain("](");
  });

  it("is where an error sends its reader, who is told what that error means", () => {
    const failed = moonlight("runs", "show", "none", "--workspace", join(tmpdir(), "no such"));
    expect(failed.status).toBe(2);
    const [, code] = /^ {2}more: moonlight explain (\w+)/m.exec(failed.stderr) ?? [];
    expect(code).toBe("RUN_UNKNOWN");
    expect(moonlight("explain", code ?? "").stdout).toContain("RUN_UNKNOWN  (exit 2)");
  });

  it("explains a rule about recipes by its id, and what all of them have in common", () => {
    const { status, stdout } = moonlight("explain", "rollout-steps-divide");
    expect(status).toBe(0);
    expect(stdout).toContain("rollout-steps-divide  (rule about recipes: error, ours alone)\n");
    expect(stdout).toContain("RECIPE_RULE  (exit 2 or warning)");
    const [line] = moonlight("explain", "rollout-steps-divide", "--json").stdout.split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({
      code: "RECIPE_RULE",
      rule: { id: "rollout-steps-divide", severity: "error", beyondReference: true },
    });
    expect(moonlight("explain", "rollout-nonsense").status).toBe(2);
  });

  it.each([60, 80])("fits %i columns, but for commands, which stay whole", (width) => {
    for (const entry of catalogue)
      for (const line of entryText(entry, { width, bold: (text) => text })
        .split("\n")
        .slice(1)) {
        const words = line
          .trim()
          .replaceAll(/`[^`]*`/g, "x")
          .split(/\s+/);
        expect(line.length <= width || words.length <= 2 ? "" : line).toBe("");
      }
  });
});

describe("the page of a code", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "moonlight-explain-"));
    await mkdir(join(root, "apps", "moonlight"), { recursive: true });
  });
  afterAll(() => rm(root, { recursive: true }));
  const linkWith = async (manifest: object): Promise<string | undefined> => {
    const folder = join(root, "apps", "moonlight");
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    return pageLink("docs/errors/hub.md#hub_gated", pathToFileURL(`${folder}/`));
  };

  it("is a file in a checkout", () => {
    expect(pageLink(one("HUB_GATED").page)).toMatch(/docs\/errors\/hub\.md#hub_gated$/);
  });

  it("is what package.json says of an installed package's origin, else nowhere", async () => {
    expect(await linkWith({})).toBeUndefined();
    expect(await linkWith({ homepage: "https://example.org/docs" })).toBe(
      "https://example.org/docs",
    );
    expect(
      await linkWith({ repository: { type: "git", url: "git+https://example.org/a/b.git" } }),
    ).toBe("https://example.org/a/b/blob/HEAD/docs/errors/hub.md#hub_gated");
    await cp(
      fileURLToPath(new URL("../../../../docs/errors", import.meta.url)),
      join(root, "docs", "errors"),
      { recursive: true },
    );
    expect(await linkWith({})).toMatch(/hub\.md#hub_gated$/);
  });

  it("is not promised for a code that is not ours", async () => {
    expect(await moreAbout("MY_OWN_STAGE")).toBeUndefined();
    expect(await moreAbout("HUB_GATED")).toContain("moonlight explain HUB_GATED, ");
  });
});
