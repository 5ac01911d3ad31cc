import { spawnSync } from "node:child_process";
import { isMoonlightError } from "@moonlight-rl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importScript } from "./import-script.ts";

const RUNS = process.env["MOONLIGHT_DEEP"] === "1" ? 3000 : 150;

/** Statements that do nothing but set variables, so that bash may be asked about them. */
const text = fc.constantFrom("1", "a", "", "x y", " x", "y  ", " ", "-7", "[0]*2");
const name = fc.constantFrom("A", "B", "C");
const quoted = fc.tuple(text, fc.constantFrom('"', "'", "")).map(([value, quote]) => {
  const bare = value === "" || value.includes(" ") ? '""' : value;
  return quote === "" ? bare : `${quote}${value}${quote}`;
});
const use = fc
  .tuple(
    name,
    fc.constantFrom(
      "$N",
      "${N}",
      "${N[@]}",
      "${N[*]}",
      "${N:-d}",
      "${N-d}",
      "${N[0]}",
      "${N[@]:-d}",
      "${N[*]-d}",
      '${N:-"e f"}',
      "${N:-g h }",
      "${N:-}",
      '${N:-""}',
      "${N:+i$N}",
      '${N+"j $N"}',
      "${N:-${N[0]-k}}",
      "$((N + 2))",
      "$(( 2 * $N - ${N} % 3 ))",
    ),
    fc.boolean(),
  )
  .map(([variable, form, inQuotes]) => {
    const expansion = form.replaceAll("N", variable);
    return inQuotes ? `"${expansion}"` : expansion;
  });
/** What bash calculates, as text. */
const { sum } = fc.letrec<{ sum: string }>((tie) => ({
  sum: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("1", "2", "17", "4611686018427387904", "A", "$B", "-3", "- 2", "+5"),
    fc
      .tuple(tie("sum"), fc.constantFrom(" + ", "-", " * ", "/", "%", "**"), tie("sum"))
      .map((all) => all.join("")),
    tie("sum").map((inner) => `(${inner})`),
  ),
}));
const word = fc.oneof(
  sum.map((source) => `$((${source}))`),
  quoted,
  use,
  fc.tuple(quoted, use).map((parts) => parts.join("")),
);
const words = fc.array(word, { maxLength: 4 }).map((list) => list.join(" "));
const statement = fc.oneof(
  fc.tuple(name, word).map(([variable, value]) => `${variable}=${value}`),
  fc.tuple(name, word).map(([variable, value]) => `${variable}+=${value}`),
  fc.tuple(name, words).map(([variable, list]) => `${variable}=(${list})`),
  fc.tuple(name, words).map(([variable, list]) => `${variable}+=(${list})`),
  fc.tuple(name, word).map(([variable, value]) => `read -ra ${variable} <<< ${value}`),
  fc.tuple(name, name).map(([one, other]) => `if [ "$${one}" = 1 ]; then ${other}=2; fi`),
  fc.tuple(name, word).map(([variable, value]) => `true && ${variable}=${value}`),
  fc.tuple(name, word).map(([variable, value]) => `false || ${variable}=${value}`),
  fc.constant("A=$(seq 2 3)"),
  fc.constant("A=5 true"),
);
const launch = fc
  .tuple(
    fc.constantFrom("", "A=7 "),
    words,
    fc.constantFrom("", " 2>&1", " 2 >/dev/stderr", " # end"),
  )
  .map(([prefix, list, tail]) => `${prefix}python3 train.py ${list}${tail}`);
const script = fc
  .tuple(fc.array(statement, { maxLength: 6 }), launch)
  .map(([statements, last]) => [...statements, last].join("\n"));

describe("importScript beside bash", () => {
  it("tells train.py what bash would tell it, or refuses", () => {
    let read = 0;
    fc.assert(
      fc.property(script, (source) => {
        const ours = argvOf(source);
        if (ours === undefined) return;
        read++;
        expect(ours).toEqual(bashArgv(source));
      }),
      { numRuns: RUNS },
    );
    expect(read).toBeGreaterThan(RUNS / 5);
  });
});

function argvOf(source: string): readonly string[] | undefined {
  try {
    return importScript(source, "run.sh").argv;
  } catch (error) {
    if (isMoonlightError(error) && error.code === "SCRIPT_REFUSED") return undefined;
    throw error;
  }
}

function bashArgv(source: string): string[] {
  const stand = String.raw`python3() { shift; [ $# -eq 0 ] || printf '%s\0' "$@" >&3; }`;
  const { output, status } = spawnSync(
    "bash",
    ["--noprofile", "--norc", "-c", `${stand}\n${source}`],
    {
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    },
  );
  expect(status).toBe(0);
  return (output[3] ?? "").split("\0").slice(0, -1);
}
