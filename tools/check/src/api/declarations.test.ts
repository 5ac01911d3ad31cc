import { describe, expect, it } from "vitest";
import { exportsOf, statementsOf } from "./declarations.ts";

const SOURCE = `import { z } from "zod"; // not this
/** Doc; with { braces. */
export declare const schema: z.ZodObject<{ a: z.ZodString; "b;": string }>;
declare const hidden: { x: ";" };
export interface Lock {
    /** What. */
    readonly what: string;
}
export declare class Box<T> { #private; get(): T }
export declare function two(a: string): void;
export declare function two(a: number): void;
export { one, type Two as Three, } from "./one.ts";
export * from "./all.ts";
export {};
//# sourceMappingURL=x.d.ts.map`;

describe("declarations", () => {
  it("are cut where the compiler ends them, without comments", () => {
    expect(statementsOf(SOURCE).map(({ name }) => name)).toEqual([
      undefined,
      "schema",
      "hidden",
      "Lock",
      "Box",
      "two",
      "two",
      undefined,
      undefined,
      undefined,
    ]);
    expect(
      statementsOf(SOURCE)
        .map(({ text }) => text)
        .join("\n"),
    ).not.toContain("Doc");
  });

  it("tell what a module hands on, and from where", () => {
    expect(
      exportsOf(statementsOf(SOURCE)).map(({ name, original, from }) => [name, original, from]),
    ).toEqual([
      ["schema", "schema", undefined],
      ["Lock", "Lock", undefined],
      ["Box", "Box", undefined],
      ["two", "two", undefined],
      ["two", "two", undefined],
      ["one", "one", "./one.ts"],
      ["Three", "Two", "./one.ts"],
      ["*", "*", "./all.ts"],
    ]);
  });
});
