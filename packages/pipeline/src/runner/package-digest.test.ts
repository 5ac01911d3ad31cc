import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, vi } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const temporary = temporaryFolder();

/** Digests are kept per process, so each look is by a fresh copy of the module. */
const digestOf = async (file: string) => {
  vi.resetModules();
  const { codeDigest } = await import("./package-digest.ts");
  return codeDigest(pathToFileURL(join(temporary.path, file)).href);
};
const write = async (path: string, text: string | object): Promise<void> => {
  const file = join(temporary.path, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, typeof text === "string" ? text : JSON.stringify(text));
};

/** A stage that needs an engine, an engine, an optional peer that may be there, and a foreign package. */
async function repository(): Promise<void> {
  await write("packages/stage/package.json", {
    name: "@moonlight-rl/stage",
    dependencies: { "@moonlight-rl/lib": "*", foreign: "*" },
    peerDependencies: { "@moonlight-rl/engine": "*" },
    peerDependenciesMeta: { "@moonlight-rl/engine": { optional: true } },
    devDependencies: { "@moonlight-rl/dev": "*" },
  });
  await write("packages/stage/dist/stage.js", "stage");
  await write("packages/stage/src/stage.ts", "source");
  for (const name of ["lib", "engine", "deep", "dev"]) {
    await write(`packages/${name}/package.json`, {
      name: `@moonlight-rl/${name}`,
      dependencies: name === "lib" ? { "@moonlight-rl/deep": "*" } : {},
    });
    await write(`packages/${name}/dist/index.js`, name);
  }
  await mkdir(join(temporary.path, "node_modules/@moonlight-rl"), { recursive: true });
  for (const name of ["lib", "engine", "deep", "dev"]) {
    await symlink(
      join(temporary.path, "packages", name),
      join(temporary.path, "node_modules/@moonlight-rl", name),
    );
  }
  await write("node_modules/foreign/package.json", { name: "foreign", version: "1.2.3" });
}

const STAGE = "packages/stage/dist/stage.js";

it("covers the built package, what it reaches in our scope, and foreign versions", async () => {
  await repository();
  const digest = await digestOf(STAGE);
  expect(Object.keys(digest)).toEqual([
    "@moonlight-rl/deep",
    "@moonlight-rl/engine",
    "@moonlight-rl/lib",
    "@moonlight-rl/stage",
    "foreign",
  ]);
  expect(digest["foreign"]).toBe("1.2.3");
  expect(await digestOf("packages/stage/src/stage.ts")).toEqual(digest);
});

it("changes with code anywhere below, and not with declarations, maps or tests", async () => {
  await repository();
  const before = await digestOf(STAGE);
  for (const name of ["index.d.ts", "index.js.map", ".tsbuildinfo", "index.test.js"]) {
    await write(`packages/deep/dist/${name}`, "changed");
  }
  expect(await digestOf(STAGE)).toEqual(before);
  await write("packages/deep/dist/inner/more.js", "new");
  const after = await digestOf(STAGE);
  expect(after).toEqual({ ...before, "@moonlight-rl/deep": after["@moonlight-rl/deep"] });
  expect(after["@moonlight-rl/deep"]).not.toBe(before["@moonlight-rl/deep"]);
});

it("notes an optional peer that is not installed", async () => {
  await repository();
  await rm(join(temporary.path, "node_modules/@moonlight-rl/engine"));
  expect(await digestOf(STAGE)).toMatchObject({ "@moonlight-rl/engine": "absent" });
});

it("refuses packages that are not built", async () => {
  await repository();
  await rm(join(temporary.path, "packages/deep/dist"), { recursive: true });
  await expect(digestOf(STAGE)).rejects.toMatchObject({ code: "PACKAGE_NOT_BUILT", exitCode: 3 });
});

it("takes a stage in a plain script as its file and the local files that it imports", async () => {
  await write("script/run.mjs", 'import { a } from "./lib/a.mjs";\nimport("./b.mjs");');
  await write("script/lib/a.mjs", 'export * from "../b.mjs";');
  await write("script/b.mjs", "1");
  await write("script/unrelated.mjs", "1");
  const before = await digestOf("script/run.mjs");
  await write("script/unrelated.mjs", "2");
  expect(await digestOf("script/run.mjs")).toEqual(before);
  await write("script/b.mjs", "2");
  expect(await digestOf("script/run.mjs")).not.toEqual(before);
});
