import { resolve } from "node:path";
import { toMoonlightError } from "@moonlight-rl/core";
import { readCases } from "../src/case-file.ts";
import { Tally } from "../src/tally.ts";
import { compareCase, rewardCaseSchema } from "./compare-case.ts";

// Recorded outcomes of the reference's graders beside ours: node cases.js FILE
const tally = new Tally();
try {
  for await (const one of readCases(resolve(process.argv[2] ?? ""), rewardCaseSchema))
    for (const { grader, verdict, text } of compareCase(one)) {
      if (verdict === "same") tally.pass();
      else if (verdict === "skipped") tally.skip(text);
      else tally.fail(`case ${one.id} ${grader}: ${text}`);
    }
} catch (error) {
  tally.fail(toMoonlightError(error).message);
}
tally.finish();
