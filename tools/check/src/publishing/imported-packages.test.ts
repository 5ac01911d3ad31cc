import { expect, it } from "vitest";
import { packagesIn } from "./imported-packages.ts";
import { sourceOf } from "./package-faults.ts";

it("finds what a module imports, by whatever way, and nothing of its comments", () => {
  const code = `import { readFile } from "node:fs/promises";
import { z } from "zod";
import {
  a,
  b,
} from "@scope/one/deep";
import "side-effect";
export { c } from './own.js';
export * from "all";
import { env } from "process";
/** import { x } from "commented"; */
/**
 * import { y } from "example";
 */
const later = await import("later");
const old = createRequire(import.meta.url)("native");
export declare const typed: import("typed").Thing;
`;
  expect([...packagesIn(code)].sort()).toEqual(
    ["@scope/one", "all", "later", "native", "side-effect", "typed", "zod"].sort(),
  );
});

it("knows which source a built file has", () => {
  const files = ["dist/a/b.d.ts", "dist/a.d.ts", "dist/bundle.js"];
  expect(sourceOf("dist/a/b.d.ts.map", files)).toBe("src/a/b");
  expect(sourceOf("dist/a.js", files)).toBe("src/a");
  expect(sourceOf("dist/bundle.js", files)).toBeUndefined();
  expect(sourceOf("dist/a.wasm", files)).toBeUndefined();
  expect(sourceOf("src/a.ts", files)).toBeUndefined();
});
