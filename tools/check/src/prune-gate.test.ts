import { describe, expect, it } from "vitest";
import { codeBlocks } from "./markdown-code.ts";
import { lockFaults, type Lock } from "./prune-gate.ts";

const lock = (packages: Lock["packages"]): Lock => ({ packages });
const one = { version: "1.0.0", integrity: "sha512-a" };

describe("lockFaults", () => {
  const whole = lock({ "": {}, "node_modules/a": one, "node_modules/b": one, "packages/x": {} });

  it("accepts a part of the whole lock file", () => {
    expect(
      lockFaults(whole, lock({ "": {}, "node_modules/a": one, "packages/x": {} }), ["packages/x"]),
    ).toEqual([]);
  });

  it("names what is new, what has another version or digest, and what is missing", () => {
    expect(
      lockFaults(
        whole,
        lock({
          "node_modules/a": { ...one, version: "2.0.0" },
          "node_modules/b": { ...one, integrity: "sha512-b" },
          "node_modules/c": one,
        }),
        ["packages/x"],
      ),
    ).toEqual([
      "node_modules/a is another version than in the whole lock file",
      "node_modules/b is another version than in the whole lock file",
      "node_modules/c is not in the whole lock file",
      "packages/x is missing",
    ]);
  });

  it("does not take the whole for a part", () => {
    expect(lockFaults(whole, whole, ["packages/x"])).toEqual(["nothing was left out"]);
  });
});

describe("codeBlocks", () => {
  it("are those of a language, in order, without their fences", () => {
    expect(codeBlocks("a\n```sh\none\ntwo\n```\n```ts\nx\n```\n```sh\nthree\n```\n", "sh")).toEqual(
      ["one\ntwo\n", "three\n"],
    );
  });
});
