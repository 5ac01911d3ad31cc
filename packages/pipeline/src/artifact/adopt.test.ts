import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EventInput } from "@moonlight-rl/core";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { openWorkspace } from "../workspace/workspace.ts";
import { adoptArtifact } from "./adopt.ts";
import { publishArtifact } from "./publish.ts";
import { fromJson, toJson } from "./reference.ts";

const temporary = temporaryFolder();
const plainFolder = async (text = "1"): Promise<string> => {
  const folder = join(temporary.path, "plain");
  await mkdir(join(folder, ".git"), { recursive: true });
  await mkdir(join(folder, "sub"), { recursive: true });
  await writeFile(join(folder, ".git", "HEAD"), "x");
  await writeFile(join(folder, "sub", "a.txt"), text);
  return folder;
};
const workspaceOf = () => openWorkspace(join(temporary.path, "ws"));

describe("adoptArtifact", () => {
  it("hashes a plain folder in place and writes nothing into it", async () => {
    const folder = await plainFolder();
    const events: EventInput[] = [];
    const adopted = await adoptArtifact("toy", folder, { emit: (event) => events.push(event) });
    expect(adopted).toMatchObject({ kind: "toy", kindVersion: 1, path: folder, meta: {} });
    expect(await readdir(folder)).toEqual([".git", "sub"]);
    expect(events.at(-1)).toMatchObject({ type: "progress", done: 1, total: 1 });
  });

  it("has the identity that publishing the same files would give", async () => {
    const workspace = workspaceOf();
    const adopted = await adoptArtifact("toy", await plainFolder());
    const out = join(workspace.scratch, "k", "out");
    await mkdir(out, { recursive: true });
    await rename(join(temporary.path, "plain", "sub"), join(out, "sub"));
    const published = await publishArtifact({
      workspace,
      kind: "toy",
      folder: out,
      scratch: join(workspace.scratch, "k"),
      provenance: {},
    });
    expect(adopted.digest).toBe(published.digest);
    expect(await adoptArtifact("toy", published.path)).toEqual(published);
    await expect(adoptArtifact("other", published.path)).rejects.toMatchObject({
      code: "ARTIFACT_KIND",
      exitCode: 2,
    });
    await writeFile(join(published.path, "sub", "a.txt"), "longer");
    await expect(adoptArtifact("toy", published.path)).rejects.toMatchObject({
      code: "ARTIFACT_CHANGED",
    });
  });

  it("remembers digests of unchanged files and sees changed ones", async () => {
    const workspace = workspaceOf();
    const folder = await plainFolder("1");
    const first = await adoptArtifact("toy", folder, { workspace });
    expect(await adoptArtifact("toy", folder, { workspace })).toEqual(first);
    expect(await readdir(join(workspace.cache, "adopted"))).toHaveLength(1);
    await plainFolder("2");
    const changed = await adoptArtifact("toy", folder, { workspace });
    expect(changed.digest).not.toBe(first.digest);
    expect(changed).toEqual(await adoptArtifact("toy", folder));
  });

  it("writes nothing when it must not remember", async () => {
    const workspace = workspaceOf();
    await adoptArtifact("toy", await plainFolder(), { workspace, remember: false });
    expect(await readdir(temporary.path)).toEqual(["plain"]);
  });

  it("says what is wrong with a path", async () => {
    await expect(adoptArtifact("toy", join(temporary.path, "none"))).rejects.toMatchObject({
      code: "FOLDER_UNREADABLE",
      exitCode: 3,
    });
  });
});

describe("references", () => {
  it("go to JSON and back, and notice when the folder has changed", async () => {
    const workspace = workspaceOf();
    const adopted = await adoptArtifact("toy", await plainFolder());
    const json = toJson({ list: [adopted], none: undefined }, workspace);
    expect(json).toEqual({
      list: [{ $artifact: "toy", kindVersion: 1, digest: adopted.digest, path: adopted.path }],
    });
    expect(await fromJson(json, workspace)).toEqual({ list: [adopted] });
    await plainFolder("2");
    await expect(fromJson(json, workspace)).rejects.toMatchObject({ code: "ARTIFACT_CHANGED" });
  });

  it("are relative inside the workspace, so that it can be moved", async () => {
    const workspace = workspaceOf();
    const out = join(workspace.scratch, "k", "out");
    await mkdir(out, { recursive: true });
    const scratch = join(workspace.scratch, "k");
    const request = { workspace, kind: "toy", folder: out, scratch, provenance: {} };
    const json = toJson(await publishArtifact(request), workspace);
    expect(json).toMatchObject({ path: expect.stringMatching(/^store\/toy-[0-9a-f]{16}$/) });
    const moved = openWorkspace(join(temporary.path, "moved"));
    await rename(workspace.root, moved.root);
    expect(await fromJson(json, moved)).toMatchObject({ kind: "toy" });
    await expect(fromJson(json, workspace)).rejects.toMatchObject({ code: "ARTIFACT_MISSING" });
    await expect(fromJson({ $artifact: 1 }, workspace)).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
  });
});
