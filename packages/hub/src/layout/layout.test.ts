import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "@moonlight-rl/core";
import { newBlobSha1 } from "../protocol/blob-digest.ts";
import { fileOfEtag } from "./etag.ts";
import { digestFile } from "./file-digest.ts";
import { HfCache, openSnapshot } from "./hf-cache.ts";
import { hfCacheFolder } from "./hf-home.ts";
import { LocalDir } from "./local-dir.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const MODEL = { type: "model", repo: "org/name" } as const;
const WEIGHTS = Buffer.from("some weights");
const large = fileOfEtag("sub/model.safetensors", sha256(WEIGHTS), WEIGHTS.length);
const small = fileOfEtag("config.json", newBlobSha1(2).update("{}").digest("hex"), 2);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-layout-"));
});
afterEach(() => rm(folder, { recursive: true }));

const put = async (path: string, content: string | Uint8Array): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
};

describe("hfCacheFolder", () => {
  it.each([
    [{ HF_HUB_CACHE: "/a", HF_HOME: "/b" }, "/a"],
    [{ HUGGINGFACE_HUB_CACHE: "/a", HF_HOME: "/b" }, "/a"],
    [{ HF_HOME: "~/b", XDG_CACHE_HOME: "/c" }, `${homedir()}/b/hub`],
    [{ HF_HOME: "$DISK/${NAME}", DISK: "/d", NAME: "hf" }, "/d/hf/hub"],
    [{ HF_HUB_CACHE: " ", XDG_CACHE_HOME: "/c" }, "/c/huggingface/hub"],
    [{}, `${homedir()}/.cache/huggingface/hub`],
  ])("of %o is %s", (environment, path) => {
    expect(hfCacheFolder(environment)).toBe(path);
  });
});

it("fileOfEtag has the ids that git has: of the content, or of the pointer of a large file", () => {
  expect(small).toEqual({ path: "config.json", size: 2, oid: small.oid });
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(WEIGHTS)}\nsize 12\n`;
  const oid = newBlobSha1(pointer.length).update(pointer).digest("hex");
  expect(large.oid).toBe(oid);
  expect(large.lfs).toEqual({ oid: sha256(WEIGHTS), size: 12 });
});

describe("digestFile", () => {
  it("makes git's id only for what is known by one", async () => {
    await put("a", "{}");
    const path = join(folder, "a");
    expect(await digestFile(path, 2, small.oid)).toMatchObject({ size: 2, oid: small.oid });
    expect(await digestFile(path, 2, sha256("{}"))).toEqual({
      size: 2,
      sha256: sha256("{}"),
      oid: "",
    });
  });

  it("stops when it is told to", async () => {
    await put("a", "{}");
    const signal = AbortSignal.abort();
    await expect(digestFile(join(folder, "a"), 2, "", { signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});

describe("HfCache", () => {
  const REPO = "models--org--name";
  const link = async (path: string, etag: string): Promise<void> => {
    const at = join(folder, REPO, "snapshots", COMMIT, path);
    await mkdir(dirname(at), { recursive: true });
    await symlink(join("../".repeat(path.split("/").length + 1), "blobs", etag), at);
  };
  const etag = sha256(WEIGHTS);

  it("finds commits, snapshots with their digests, and what is not whole", async () => {
    await put(`${REPO}/refs/main`, COMMIT);
    await put(`${REPO}/refs/refs/pr/1`, `${COMMIT}\n`);
    await put(`${REPO}/refs/broken`, "nothing");
    await put(`${REPO}/blobs/${etag}`, WEIGHTS);
    await link("sub/model.safetensors", etag);
    await link("config.json", small.oid); // its content was never finished
    await put(`${REPO}/snapshots/${COMMIT}/copied.json`, "{}");
    const cache = new HfCache(folder);
    expect(await cache.commitOf(MODEL, "main")).toBe(COMMIT);
    expect(await cache.commitOf(MODEL, "refs/pr/1")).toBe(COMMIT);
    for (const revision of ["broken", "none", "../../x"])
      expect(await cache.commitOf(MODEL, revision)).toBeUndefined();
    const snapshot = await cache.snapshot(MODEL, COMMIT);
    expect(snapshot?.listing).toBeUndefined();
    expect(snapshot?.files.map(({ path, size, etag: of }) => [path, size, of])).toEqual([
      ["config.json", undefined, small.oid],
      ["copied.json", 2, undefined],
      ["sub/model.safetensors", 12, etag],
    ]);
    expect(await cache.snapshot(MODEL, "f".repeat(40))).toBeUndefined();
    expect(await cache.snapshot({ ...MODEL, type: "dataset" }, COMMIT)).toBeUndefined();
  });

  it("reads the listing of a commit, and takes a broken one for none", async () => {
    const tree = `${REPO}/trees/${COMMIT}.json`;
    const file = { size: 12, blob_id: large.oid, lfs_sha256: etag, lfs_size: 12, xet_hash: "x" };
    await put(`${REPO}/snapshots/${COMMIT}/config.json`, "{}");
    await put(
      tree,
      JSON.stringify({
        format_version: 1,
        files: { "sub/model.safetensors": file, "config.json": { size: 2, blob_id: small.oid } },
      }),
    );
    const listing = async () =>
      (await openSnapshot(join(folder, REPO, "snapshots", COMMIT)))?.listing;
    expect(await listing()).toEqual([large, small]);
    for (const bad of [
      '{"format_version": 2, "files": {}}',
      '{"format_version": 1, "files": {"../a": {"size": 1, "blob_id": "' + small.oid + '"}}}',
      "{",
    ]) {
      await put(tree, bad);
      expect(await listing()).toBeUndefined();
    }
  });

  it("offers whole contents before prefixes, and the longest prefix", async () => {
    const cache = new HfCache(folder);
    expect(await cache.seed(MODEL, large)).toBeUndefined();
    const at = (name: string): string => `${REPO}/blobs/${etag}${name}`;
    await put(at(".incomplete"), WEIGHTS.subarray(0, 3));
    await put(at(".0a1b2c3d.incomplete"), WEIGHTS.subarray(0, 5));
    await put(at(".00000000.incomplete"), Buffer.alloc(99)); // longer than the file: something else
    await put(at(".lock"), WEIGHTS);
    expect(await cache.seed(MODEL, large)).toEqual({
      path: join(folder, at(".0a1b2c3d.incomplete")),
      bytes: 5,
    });
    await put(at(""), WEIGHTS);
    expect(await cache.seed(MODEL, large)).toEqual({ path: join(folder, at("")), bytes: 12 });
  });
});

describe("LocalDir", () => {
  it("has notes as Python's client writes them", async () => {
    const dir = new LocalDir(folder);
    expect(await dir.exists()).toBe(false);
    await dir.prepare([large, small]);
    await dir.prepare([large, small]);
    expect(await dir.exists()).toBe(true);
    const own = join(folder, ".cache", "huggingface");
    expect(await readFile(join(own, ".gitignore"), "utf8")).toBe("*");
    expect(await readFile(join(own, "CACHEDIR.TAG"), "utf8")).toMatch(
      /^Signature: 8a477f597d28d172789f06886806bc55\n/,
    );
    const before = Date.now() / 1000;
    await dir.writeNote(large, COMMIT);
    const note = join(own, "download", "sub", "model.safetensors.metadata");
    const lines = (await readFile(note, "utf8")).split("\n");
    expect(lines).toEqual([COMMIT, sha256(WEIGHTS), expect.stringMatching(/^\d+\.\d+$/), ""]);
    expect(Number(lines[2])).toBeGreaterThanOrEqual(Math.floor(before));
    expect(await dir.note(large.path)).toMatchObject({ commit: COMMIT, etag: sha256(WEIGHTS) });
    expect((await dir.notes()).map(({ path }) => path)).toEqual([large.path]);
  });

  it.each(["", "x\ny\nz\n", `${COMMIT}\n${"a".repeat(40)}\n`, `${COMMIT}\nshort\n1.5\n`])(
    "takes %j for no note",
    async (text) => {
      await put(".cache/huggingface/download/a.metadata", text);
      expect(await new LocalDir(folder).notes()).toEqual([]);
    },
  );

  it("puts prefixes where Python's client looks for them", async () => {
    const dir = new LocalDir(folder);
    await dir.prepare([large]);
    const path = dir.incompletePath(large);
    // base64.urlsafe_b64encode(hashlib.sha1(b"model.safetensors.metadata").digest())
    const name = "xGOKKLRSlIhH692hSVvI1-gpoa8=";
    expect(path).toBe(
      join(folder, ".cache/huggingface/download/sub", `${name}.${sha256(WEIGHTS)}.incomplete`),
    );
    await writeFile(path, WEIGHTS.subarray(0, 7));
    expect(await dir.seed(large)).toEqual({ path, bytes: 7 });
    expect(await dir.seed(small)).toBeUndefined();
  });

  it("keeps listings in the form of Python's client", async () => {
    const dir = new LocalDir(folder);
    await dir.writeListing(COMMIT, [large, small]);
    expect(await dir.listing(COMMIT)).toEqual([small, large]);
    expect(await dir.listing("f".repeat(40))).toBeUndefined();
    const path = join(folder, ".cache/huggingface/trees", `${COMMIT}.json`);
    expect((await stat(path)).isFile()).toBe(true);
  });
});
