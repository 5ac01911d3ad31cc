import { mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FsTree } from "nx/src/generators/tree.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generateStage } from "./generate-stage.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** Never flushed: what is generated stays in memory. */
const here = (): FsTree => new FsTree(REPOSITORY, false);
const text = (tree: FsTree, path: string): string => tree.read(path, "utf-8") ?? "";
const json = (tree: FsTree, path: string): Record<string, unknown> =>
  JSON.parse(text(tree, path)) as Record<string, unknown>;

describe("in this repository", () => {
  it("writes a package, a changeset, an API report and the lists that know it", () => {
    const tree = here();
    generateStage(tree, { name: "new-score", description: 'Scores "it".' });
    const changes = tree.listChanges().map(({ path, type }) => `${type} ${path}`);
    expect(changes).toEqual(
      expect.arrayContaining([
        "CREATE packages/new-score/package.json",
        "CREATE packages/new-score/README.md",
        "CREATE packages/new-score/LICENSE",
        "CREATE packages/new-score/bin/moonlight-new-score.js",
        "CREATE .changeset/stage-new-score.md",
        "CREATE tools/check/api/new-score.txt",
        "UPDATE tsconfig.json",
        "UPDATE tools/check/src/layers.ts",
        "UPDATE docs/architecture.md",
        "UPDATE README.md",
      ]),
    );
    expect(text(tree, "packages/new-score/src/stage.ts")).toContain('title: "Scores \\"it\\"."');
    const written = tree.listChanges().filter(({ type }) => type === "CREATE");
    expect(written.filter(({ content }) => /__[a-z]+__/i.test(String(content)))).toEqual([]);
    expect(tree.listChanges().find(({ path }) => path.includes("/bin/"))?.options?.mode).toBe(
      0o755,
    );
  });

  it("has the settings that the stages here have", () => {
    const tree = here();
    generateStage(tree, { name: "new-score" });
    const [made, model] = ["packages/new-score", "packages/rollout-config"].map((folder) =>
      json(tree, `${folder}/package.json`),
    );
    for (const field of [
      "files",
      "type",
      "sideEffects",
      "exports",
      "scripts",
      "engines",
      "license",
    ])
      expect(made?.[field], field).toEqual(model?.[field]);
    // A new stage may need today's runner; both end where the contract does.
    const runner = (manifest: typeof made): string =>
      (manifest?.["peerDependencies"] as Record<string, string> | undefined)?.[
        "@moonlight-rl/pipeline"
      ] ?? "";
    expect(runner(made)).toMatch(/^>=\d+\.\d+\.\d+ <\d+\.0\.0$/);
    expect(runner(made).split(" ")[1]).toBe(runner(model).split(" ")[1]);
    expect(made?.["publishConfig"]).toEqual(model?.["publishConfig"]);
    expect(json(tree, "packages/new-score/tsconfig.json")).toMatchObject({
      extends: "../../tsconfig.base.json",
      references: [{ path: "../core" }, { path: "../pipeline" }],
    });
  });

  it.each([
    [{ name: "NewScore" }, "STAGE_OPTION_INVALID", "name"],
    [{ name: "new-" }, "STAGE_OPTION_INVALID", "name"],
    [{ name: "new", description: "two\nlines" }, "STAGE_OPTION_INVALID", "description"],
    [{ name: "new", directory: "../out" }, "STAGE_OPTION_INVALID", "directory"],
    [{ name: "new", scope: "acme" }, "STAGE_OPTION_INVALID", "scope"],
    [{ name: "fetch" }, "STAGE_NAME_TAKEN", "name"],
    [{ name: "fetch", directory: "tools" }, "STAGE_NAME_TAKEN", "name"],
    [{ name: "new", directory: "stages" }, "STAGE_DIRECTORY_OUTSIDE", "directory"],
  ])("refuses %j", (options, code, field) => {
    const tree = here();
    expect(() => generateStage(tree, options)).toThrow(expect.objectContaining({ code, field }));
    expect(tree.listChanges()).toEqual([]);
  });

  it("gives a name that cannot be a constant another one", () => {
    const tree = here();
    generateStage(tree, { name: "export" });
    expect(text(tree, "packages/export/src/index.ts")).toContain("exportStage");
    expect(text(tree, "packages/export/src/stage.ts")).toContain('name: "export"');
  });
});

describe("in a company's workspace", () => {
  let root = "";
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "moonlight-generator-"));
    await mkdir(join(root, "stages"));
    await writeFile(join(root, "package.json"), '{"name":"work","workspaces":["stages/*"]}');
  });
  afterEach(() => rm(root, { recursive: true }));

  const options = { name: "new-score", directory: "stages", scope: "@acme" };

  it("needs nothing of this repository's files", async () => {
    await symlink(join(REPOSITORY, "node_modules"), join(root, "node_modules"));
    const tree = new FsTree(root, false);
    generateStage(tree, options);
    const changed = tree.listChanges().map(({ path }) => path);
    expect(changed.filter((path) => !path.startsWith("stages/new-score/"))).toEqual([]);
    expect(json(tree, "stages/new-score/package.json")).toMatchObject({
      name: "@acme/new-score",
      license: "UNLICENSED",
      bin: { "acme-new-score": "./bin/acme-new-score.js" },
    });
    const config = json(tree, "stages/new-score/tsconfig.json");
    expect(config).toMatchObject({ references: [], compilerOptions: { module: "nodenext" } });
    expect(config["extends"]).toBeUndefined();
  });

  it("says what has to be installed, and when no scope is known", async () => {
    expect(() => generateStage(new FsTree(root, false), options)).toThrow(
      expect.objectContaining({
        code: "STAGE_DEPENDENCY_MISSING",
        message: expect.stringContaining("npm install --save-dev @moonlight-rl/core"),
      }),
    );
    expect(() =>
      generateStage(new FsTree(root, false), { name: "new", directory: "stages" }),
    ).toThrow(expect.objectContaining({ code: "STAGE_SCOPE_UNKNOWN" }));
  });
});
