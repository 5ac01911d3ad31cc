import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LiteralParser, parsePythonLiteral } from "./literal-parser.ts";
import type { PythonValue } from "./python-value.ts";
import { readReport } from "./read-report.ts";

const read = (text: string): unknown => {
  const { value, end, fault } = parsePythonLiteral(text);
  expect(fault).toBeUndefined();
  expect(end).toBe(text.length);
  return plain(value);
};

/** Maps as objects, to compare with literals. */
function plain(value: PythonValue | undefined): unknown {
  if (Array.isArray(value)) return value.map((item: PythonValue) => plain(item));
  if (typeof value !== "object" || value === null) return value;
  if ("dict" in value) return Object.fromEntries(Array.from(value.dict, ([k, v]) => [k, plain(v)]));
  if ("call" in value)
    return {
      call: value.call,
      args: value.args.map(plain),
      named: Object.fromEntries(Array.from(value.named, ([k, v]) => [k, plain(v)])),
    };
  return value;
}

describe("parsePythonLiteral", () => {
  it.each([
    ["0", 0],
    ["-0.5", -0.5],
    ["1e-06", 1e-6],
    ["5.", 5],
    [".5", 0.5],
    ["1E+3", 1000],
    ["1_000", 1000],
    ["-0x1f", -31],
    ["0b101", 5],
    ["nan", NaN],
    ["-inf", -Infinity],
    ["inf", Infinity],
    ["None", null],
    ["True", true],
    ["'it\\'s'", "it's"],
    ['"it\'s"', "it's"],
    ["'\\n\\x41\\u00e9\\U0001d11e\\q'", "\nAé𝄞\\q"],
    ["r'\\n'", "\\n"],
    ["b'x'", "x"],
    ["[1, 2,]", [1, 2]],
    ["(1,)", [1]],
    ["()", []],
    ["{1, 2}", [1, 2]],
    ["{}", {}],
    ["{'a': {'b': [1, nan]}, 2: 3}", { a: { b: [1, NaN] }, "2": 3 }],
    ["np.float64(0.5)", 0.5],
    ["numpy.int32(7)", 7],
    ["np.True_", { opaque: "np.True_" }],
    ["np.bool(True)", true],
    ["np.float64(nan)", NaN],
    ["tensor(0.5, device='cuda:0', grad_fn=<MeanBackward0>)", 0.5],
    ["tensor([1., 2.])", [1, 2]],
    ["array([0.5, 0.25], dtype=float32)", [0.5, 0.25]],
    ["defaultdict(<class 'int'>, {'a': 1})", { a: 1 }],
    ["OrderedDict({'a': 1})", { a: 1 }],
    ["<Status.DONE: 'done'>", { opaque: "<Status.DONE: 'done'>" }],
    ["(1+2j)".slice(1, 2), 1],
    ["2j", { opaque: "2j" }],
    ["Namespace(host='x', port=3)", { call: "Namespace", args: [], named: { host: "x", port: 3 } }],
    ['{"a": null, "b": [true, NaN, -Infinity]}', { a: null, b: [true, NaN, -Infinity] }],
  ])("reads %s", (text, value) => {
    expect(read(text)).toEqual(value);
  });

  it.each(["", "'open", "{'a': 1", "{'a' 1}", "[1 2]", "<open", "-", "-True", "=", "{'a': }", ")"])(
    "says where %j stops being a literal",
    (text) => {
      const { fault } = parsePythonLiteral(text);
      expect(fault?.at).toBeLessThanOrEqual(text.length);
      expect(fault?.reason).toMatch(/\w/);
    },
  );

  it("bounds depth and items", () => {
    expect(parsePythonLiteral("[".repeat(100_000)).fault?.reason).toMatch(/deeper than 32/);
    expect(parsePythonLiteral(`[${"1,".repeat(100_000)}]`).fault?.reason).toMatch(/65536 items/);
  });

  it("reads every JSON value as JSON does", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(plain(parsePythonLiteral(text).value))).toBe(
          JSON.stringify(JSON.parse(text)),
        );
      }),
    );
  });

  it("throws at nothing, and ends within the text", () => {
    const part = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      "(",
      ")",
      "'",
      '"',
      "\\",
      ",",
      ":",
      "<",
      ">",
      "1",
      "-",
      ".",
      "e",
      "nan",
      "np.float64(",
      "x=",
      " ",
      "\\x",
      "b'",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const text = parts.join("");
        const parser = new LiteralParser(text);
        parser.read();
        expect(parser.at).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

describe("readReport", () => {
  it("gives numbers by name, nested ones by their path, the rest apart", () => {
    expect(
      readReport("{'a': 1, 'b': np.float64(0.5), 'c': {'d': 2, 'e': 'x'}, 'f': None, 'g': -inf}"),
    ).toEqual({
      values: { a: 1, b: 0.5, "c/d": 2, g: -Infinity },
      rest: { "c/e": "x", f: null },
      damaged: undefined,
    });
  });

  it("gives of a torn report what stands before the tear", () => {
    const text = "{'train/loss': 0.1, 'train/kl': nan, 'train/x': {'y': 3}, 'train/z': 4.5}";
    for (let end = 0; end < text.length; end++) {
      const { values, damaged } = readReport(text.slice(0, end));
      expect(damaged).toMatch(/^character \d+: /);
      if (end > 60)
        expect(values).toMatchObject({ "train/loss": 0.1, "train/kl": NaN, "train/x/y": 3 });
    }
  });

  it("lets no key reach the prototype", () => {
    const { values } = readReport("{'__proto__': 1, 'a': {'__proto__': 2}, 'constructor': 3}");
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
    expect(Object.keys(values)).toContain("constructor");
  });

  it("reads plain and general entries the same", () => {
    const entry = fc.tuple(
      fc.constantFrom("a", "b/c", "d'e", "f\\g", "h i"),
      fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const body = entries.map(([key, value]) => `${JSON.stringify(key)}: ${value}`).join(", ");
        const single = body.replaceAll('"', "'");
        const simple = entries.every(([key]) => !/['\\]/.test(key));
        if (simple) expect(readReport(`{${single}}`)).toEqual(readReport(`{${body}}`));
      }),
    );
  });
});
