import { appendFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { digestOf, sha256, TEMPORARY_SUFFIX } from "@moonlight-rl/core";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";
import type { Artifact } from "./artifact.ts";
import { publishArtifact, type PublishRequest } from "./publish.ts";
import { verifyArtifact } from "./verify.ts";

const temporary = temporaryFolder();
let workspace: Workspace;
let scratch: string;
beforeEach(async () => {
  workspace = openWorkspace(join(temporary.path, "ws"));
  scratch = join(workspace.scratch, "key");
  await mkdir(scratch, { recursive: true });
});

const folderWith = async (name: string, files: Record<string, string>): Promise<string> => {
  const folder = join(scratch, name);
  for (const [path, text] of Object.entries({ ...files })) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
};
const publish = (folder: string, more: Partial<PublishRequest> = {}): Promise<Artifact> =>
  publishArtifact({ workspace, kind: "toy", folder, scratch, provenance: { by: "test" }, ...more });

describe("publish", () => {
  it("moves the folder into the store under its identity", async () => {
    const folder = await folderWith("out", { "b/x.txt": "x", "a.txt": "aa", B: "" });
    const artifact = await publish(folder, { meta: { step: 1 } });
    const manifest = {
      contract: 1,
      kind: "toy",
      kindVersion: 1,
      files: [
        { path: "B", size: 0, sha256: sha256("") },
        { path: "a.txt", size: 2, sha256: sha256("aa") },
        { path: "b/x.txt", size: 1, sha256: sha256("x") },
      ],
      meta: { step: 1 },
    };
    expect(artifact).toEqual({
      kind: "toy",
      kindVersion: 1,
      digest: digestOf(manifest),
      path: join(workspace.store, `toy-${digestOf(manifest).slice(0, 16)}`),
      meta: { step: 1 },
    });
    const read = async (name: string): Promise<unknown> =>
      JSON.parse(await readFile(join(artifact.path, name), "utf8"));
    expect(await read("manifest.json")).toEqual(manifest);
    expect(await read("provenance.json")).toEqual({ by: "test" });
    expect(await readdir(scratch)).toEqual([]);
    await verifyArtifact(artifact, { digests: true });
  });

  it("reuses an equal artifact whoever made it, and tells kinds, meta and content apart", async () => {
    const base = await publish(await folderWith("1", { a: "1" }));
    const same = await publish(await folderWith("2", { a: "1" }), { provenance: { by: "other" } });
    expect(same).toEqual(base);
    expect(await readFile(join(base.path, "provenance.json"), "utf8")).toContain("test");
    const others = [
      await publish(await folderWith("3", { a: "2" })),
      await publish(await folderWith("4", { b: "1" })),
      await publish(await folderWith("5", { a: "1" }), { meta: { x: 1 } }),
      await publish(await folderWith("6", { a: "1" }), { kind: "other" }),
      await publish(await folderWith("7", { a: "1" }), { kindVersion: 2 }),
    ];
    expect(new Set([base, ...others].map(({ digest }) => digest)).size).toBe(6);
    expect(await readdir(scratch)).toEqual([]);
  });

  it("replaces a damaged copy in the store", async () => {
    const first = await publish(await folderWith("1", { a: "1" }));
    await appendFile(join(first.path, "a"), "damage");
    await expect(verifyArtifact(first)).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
    expect(await publish(await folderWith("2", { a: "1" }))).toEqual(first);
    await verifyArtifact(first, { digests: true });
    expect(await readdir(workspace.store)).toHaveLength(1);
  });

  it("believes digests that were computed along the way, after checking sizes and names", async () => {
    const given = sha256("given");
    const artifact = await publish(await folderWith("1", { a: "1234" }), {
      digests: { a: { sha256: given, size: 4 } },
    });
    expect(await readFile(join(artifact.path, "manifest.json"), "utf8")).toContain(given);
    const folder = await folderWith("2", { a: "12345" });
    for (const digests of [{ a: { sha256: given, size: 4 } }, { b: { sha256: given, size: 4 } }]) {
      await expect(publish(folder, { digests })).rejects.toMatchObject({
        code: "PUBLISH_DIGEST",
        exitCode: 4,
      });
    }
  });

  it("leaves out what a crash in mid-write has left", async () => {
    const clean = await publish(await folderWith("1", { a: "1" }));
    const left = { a: "1", [`a.123${TEMPORARY_SUFFIX}`]: "ha" };
    const again = await publish(await folderWith("2", left), { kind: "toy" });
    expect(again.digest).toBe(clean.digest);
    const fresh = await publish(await folderWith("3", left), { kind: "fresh" });
    expect(await readdir(fresh.path)).toEqual(["a", "manifest.json", "provenance.json"]);
  });

  it("finishes a publication that a crash has cut off after its manifest", async () => {
    const folder = await folderWith("1", { a: "1" });
    const { path } = await publish(folder);
    const manifest = await readFile(join(path, "manifest.json"), "utf8");
    const again = await folderWith("2", { a: "2", "manifest.json": manifest });
    await verifyArtifact(await publish(again), { digests: true });
  });

  it.each(["manifest.json", "provenance.json"])("refuses content named %s", async (name) => {
    const folder = await folderWith("1", { a: "1", [name]: "{}" });
    await expect(publish(folder)).rejects.toMatchObject({ code: "ARTIFACT_NAME", exitCode: 4 });
    expect(await readdir(workspace.root)).toEqual(["scratch"]);
  });

  it("refuses links that leave the folder, dangling links and odd names", async () => {
    await writeFile(join(temporary.path, "secret"), "s");
    const cases: [string, string][] = [
      [join(temporary.path, "secret"), "ARTIFACT_SYMLINK"],
      ["../../../../secret", "ARTIFACT_SYMLINK"],
      ["nowhere", "ARTIFACT_SYMLINK"],
      [".", "ARTIFACT_SYMLINK"],
    ];
    for (const [i, [target, code]] of cases.entries()) {
      const folder = await folderWith(String(i), { a: "1" });
      await symlink(target, join(folder, "link"));
      await expect(publish(folder)).rejects.toMatchObject({ code, exitCode: 4 });
    }
    for (const name of ["line\nbreak", "back\\slash"]) {
      const folder = await folderWith(`name-${name.length}`, { [name]: "1" });
      await expect(publish(folder)).rejects.toMatchObject({ code: "ARTIFACT_NAME" });
    }
    expect(await readdir(workspace.root)).toEqual(["scratch"]);
  });

  it("keeps links that stay inside, as the files that they are", async () => {
    const folder = await folderWith("1", { a: "1" });
    await symlink("a", join(folder, "b"));
    const artifact = await publish(folder);
    await verifyArtifact(artifact, { digests: true });
    expect(await readFile(join(artifact.path, "b"), "utf8")).toBe("1");
  });

  it("refuses folders outside the scratch folder", async () => {
    await mkdir(join(temporary.path, "elsewhere"));
    for (const folder of [join(temporary.path, "elsewhere"), scratch]) {
      await expect(publish(folder)).rejects.toMatchObject({ code: "PUBLISH_OUTSIDE_SCRATCH" });
    }
    await expect(publish(join(scratch, "none"))).rejects.toMatchObject({
      code: "FOLDER_UNREADABLE",
      exitCode: 3,
    });
  });
});

describe("verify", () => {
  it("finds a changed byte only when it reads digests", async () => {
    const artifact = await publish(await folderWith("1", { a: "1" }));
    await writeFile(join(artifact.path, "a"), "2");
    await verifyArtifact(artifact);
    await expect(verifyArtifact(artifact, { digests: true })).rejects.toMatchObject({
      code: "ARTIFACT_CHANGED",
      file: join(artifact.path, "a"),
    });
  });

  it("finds changed and missing manifests", async () => {
    const artifact = await publish(await folderWith("1", { a: "1" }));
    const path = join(artifact.path, "manifest.json");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"toy"', '"tay"'));
    await expect(verifyArtifact(artifact)).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
    await writeFile(path, text.replace('"a"', '"../a"'));
    await expect(verifyArtifact(artifact)).rejects.toMatchObject({
      code: "MANIFEST_INVALID",
      field: "files.0.path",
    });
    await expect(verifyArtifact({ ...artifact, path: scratch })).rejects.toMatchObject({
      code: "ARTIFACT_MISSING",
    });
  });
});
