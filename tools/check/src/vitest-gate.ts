import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { execa } from "execa";
import { z } from "zod";
import type { Gate, Verdict } from "./gate.ts";

const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numTotalTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/** All unit tests, counted one by one. */
export function vitestGate(): Gate {
  return { name: "tests", alone: true, run: () => runVitest({}) };
}

/** The same tests with as many kills, mutations and cases as were promised, which takes long. */
export function deepTestsGate(): Gate {
  return { name: "tests-deep", alone: true, run: () => runVitest({ MOONLIGHT_DEEP: "1" }) };
}

/**
 * Runs all unit tests, or those of some folders, in an environment whose PATH decides which Node they run on.
 */
export async function runVitest(
  env: Readonly<Record<string, string>>,
  folders: readonly string[] = [],
): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), "moonlight-vitest-"));
  try {
    const file = join(folder, "report.json");
    const run = await execa(
      "node",
      [
        "node_modules/vitest/vitest.mjs",
        "run",
        ...folders,
        "--reporter=dot",
        "--reporter=json",
        `--outputFile.json=${file}`,
      ],
      { env, reject: false, stdin: "ignore", all: true },
    );
    const report = await readJson(file, reportSchema, { what: "vitest report" });
    const failures = report.testResults.flatMap((suite) => {
      const failed = suite.assertionResults
        .filter((test) => test.status === "failed")
        .map(
          (test) => `${suite.name}: ${test.fullName}\n${(test.failureMessages ?? []).join("\n")}`,
        );
      return failed.length === 0 && suite.status === "failed"
        ? [`${suite.name}: ${suite.message ?? "failed"}`]
        : failed;
    });
    if (failures.length === 0 && run.exitCode !== 0)
      failures.push(`vitest: exit ${run.exitCode}\n${run.all}`);
    if (report.numTotalTests === 0) failures.push("vitest ran no test");
    return { passed: report.numPassedTests, failures };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
