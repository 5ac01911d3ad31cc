import { describe, expect, it } from "vitest";
import { scanPackage } from "./scan-package.ts";

const scan = (text: string) => scanPackage(new Map([["src/file.ts", text]]));
const found = (text: string) => {
  const { uses, faults } = scan(text);
  expect(faults).toEqual([]);
  return uses.map(({ code, outcome }) => [code, outcome]);
};

describe("codes in a source", () => {
  it("are the first argument of errors, whichever way it is chosen", () => {
    expect(
      found(`throw new UsageError("ONE", "…");
        const e = new TemporaryError(late ? "TWO_A" : "TWO_B", "…");
        new PreflightError(options.code ?? "THREE", "…");
        new VerificationError(fault.code, "…");`),
    ).toEqual([
      ["ONE", 2],
      ["TWO_A", 75],
      ["TWO_B", 75],
      ["THREE", 3],
    ]);
  });

  it("are the property code: of a warning, of what is validated, of something told", () => {
    expect(
      found(`emit({ type: "warning", code: "WARNED_OF", message });
        validate(schema, value, { what: "x", code: "READ_WRONG" });
        readJson(file, schema, { what: "x", code: "MADE_WRONG", content: true });
        findings.push({ code: full ? "FOUND_A" : "FOUND_B" });
        Object.assign(error, { code: "ECONNRESET" });
        z.object({ code: z.string() });`),
    ).toEqual([
      ["WARNED_OF", "warning"],
      ["READ_WRONG", 2],
      ["MADE_WRONG", 4],
      ["FOUND_A", "told"],
      ["FOUND_B", "told"],
    ]);
  });

  it("go through functions, tables and families of names", () => {
    expect(
      found(`function refuse(field: string, code: string): Error { return new GateError(code, field); }
        refuse("x", "HANDED_ON");
        const CODES: Readonly<Record<string, string>> = { a: "TABLE_A", b: "TABLE_B" };
        throw new UsageError(CODES[name] ?? "PLAIN", "…");
        type AlarmId = "kl" | "gpu-idle";
        emit({ type: "warning", code: code("ALARM", id), message });
        stderr.write(\`warning RUN_ODD: \${id}\`);`),
    ).toEqual([
      ["HANDED_ON", 5],
      ["TABLE_A", 2],
      ["TABLE_B", 2],
      ["PLAIN", 2],
      ["ALARM_KL", "warning"],
      ["ALARM_GPU_IDLE", "warning"],
      ["RUN_ODD", "warning"],
    ]);
  });

  it("may not be hidden from this scan", () => {
    expect(scan('throw new UsageError(`${kind}_MISSING`, "…");').faults).toEqual([
      "src/file.ts:1: the code of this error cannot be read from the source",
    ]);
    expect(scan('\nstrange("SOME_CODE");').faults).toEqual([
      expect.stringContaining("src/file.ts:2: is SOME_CODE a code?"),
    ]);
    expect(
      scan('if (error.code === "SOME_CODE" || env["HF_HOME"]) set("HF_TOKEN");').faults,
    ).toEqual([]);
    expect(() => scan("const = ;")).toThrow("src/file.ts");
  });
});
