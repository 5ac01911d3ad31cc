/**
 * Judges configurations that the reference's own parser and validators judged before, and lists each disagreement.
 *
 *     node tools/interop/dist/recipe/cases.js --cases packages/miles/golden/recipe-cases.jsonl.gz
 *
 * Reads .jsonl and .jsonl.gz; needs no Python. Ends with "N passed, N failed"; exit 1 when any differs.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import {
  compareCase,
  judgeCase,
  readCaseBase,
  readReferenceCase,
  type CaseBase,
  type ReferenceCase,
} from "@moonlight-rl/miles";

const GOLDEN = new URL("../../../../packages/miles/golden/", import.meta.url);

const golden = (name: string): Promise<string> => readFile(new URL(name, GOLDEN), "utf8");

/** Why a verdict of the reference is none about the configuration. */
function outOfReach(testCase: ReferenceCase, base: CaseBase): string | undefined {
  const { stage, raised_at: at, message = "" } = testCase;
  // An image may have another SGLang than the one whose choices are known.
  if (stage === "argparse" && at === null && judgeCase(testCase, base).parsed.unusual.length > 0)
    return "SGLang does not know this choice, which we only warn of";
  if (stage === "hf" && message.includes("couldn't connect to"))
    return "whether the Hub has this repository cannot be known here";
  if (message.startsWith("No module named"))
    return "the reference lacks a module here that its image has";
  if (message.includes("requires at least one CUDA device")) return "the reference has no GPU here";
  return undefined;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { cases: { type: "string" } },
    allowPositionals: true,
  });
  const file = values.cases ?? positionals[0];
  if (file === undefined) {
    process.stderr.write("usage: cases.js --cases FILE\n");
    return 2;
  }
  const base = readCaseBase(
    await golden("recipe-base-argv.json"),
    await golden("recipe-hf-config.json"),
  );
  const bytes = await readFile(file);
  const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  let passed = 0;
  let failed = 0;
  for (const line of text.split("\n").filter((item) => item.trim() !== "")) {
    const testCase = readReferenceCase(line);
    const differences = compareCase(testCase, base);
    const unknowable = differences.length === 0 ? undefined : outOfReach(testCase, base);
    if (unknowable !== undefined) {
      process.stdout.write(
        `skip  ${testCase.id} [${testCase.mutations.join("; ")}] ${unknowable}\n`,
      );
      continue;
    }
    if (differences.length === 0) passed += 1;
    else {
      failed += 1;
      process.stdout.write(
        `FAIL  ${testCase.id} [${testCase.mutations.join("; ")}]\n  ${differences.join("\n  ")}\n`,
      );
    }
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
