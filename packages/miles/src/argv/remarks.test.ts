import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  caseArgv,
  caseOptions,
  readCaseBase,
  readReferenceCase,
} from "../interop/reference-case.ts";
import { argvRemarks } from "./remarks.ts";
import { validateArgv } from "./validate-argv.ts";
import type { FileState } from "./world.ts";

const golden = (name: string): Buffer =>
  readFileSync(new URL(`../../golden/${name}`, import.meta.url));

const base = readCaseBase(
  golden("recipe-base-argv.json").toString(),
  golden("recipe-hf-config.json").toString(),
);

function remarks(flags: readonly string[], files?: FileState): string[] {
  const verdict = validateArgv([...base.argv, ...flags], files === undefined ? {} : { files });
  return argvRemarks(verdict, files).map(({ id, severity }) => `${severity} ${id}`);
}

describe("argvRemarks", () => {
  it("notes the prompts that the reference's own run consumes", () => {
    expect(remarks([])).toEqual(["note rollout-prompts"]);
    expect(remarks(["--over-sampling-batch-size", "128"])).toEqual([]);
    expect(remarks(["--partial-rollout"])).toEqual([]);
  });

  it.each([
    [["--prompt-data", "/d/a.json"], "error data-format"],
    [["--eval-prompt-data", "aime", "/d/a.csv"], "error data-format"],
    [["--use-wandb"], "error wandb-group"],
    [["--use-tensorboard"], "error tensorboard-folder"],
    [["--hf-checkpoint", "moonshotai/Moonlight-16B-A3B"], "warning checkpoint-repository"],
    [["--use-pytorch-profiler", "--profile-target", "train_actor"], "error profile-target"],
    [["--sglang-cuda-graph-backend-prefill", "default"], "warning engine-choice"],
  ])("remarks on %j", (flags, expected) => {
    expect(remarks(flags)).toContain(expected);
  });

  it.each([
    [["--prompt-data", "/d/a.jsonl@[0:100]"]],
    [["--use-wandb", "--wandb-group", "g"]],
    [["--profile-target", "train_actor"]],
    [["--use-pytorch-profiler", "--profile-target", "train_overall"]],
    [["--use-wandb", "--disable-wandb-random-suffix"]],
    [["--use-tensorboard", "--tb-project-name", "p"]],
  ])("says nothing of %j", (flags) => {
    expect(remarks(flags)).toEqual(["note rollout-prompts"]);
  });

  it("asks about files where it may", () => {
    const absent: FileState = {
      kind: (path) => (path.endsWith(".jsonl") ? "absent" : "directory"),
      read: () => undefined,
    };
    expect(remarks([], absent)).toContain("warning data-missing");
    const trained = (iteration: string): FileState => ({
      kind: () => "file",
      read: (path) => (path.includes("{save}/latest") ? iteration : undefined),
    });
    expect(remarks([], trained("2999\n"))).toContain("error resume-finished");
    expect(remarks([], trained("2998"))).not.toContain("error resume-finished");
  });

  it("raises no error on what the reference accepted, but where such a run fails later", () => {
    const wrong = gunzipSync(golden("recipe-cases.jsonl.gz"))
      .toString()
      .trim()
      .split("\n")
      .map(readReferenceCase)
      .filter(({ outcome }) => outcome === "accept")
      .flatMap((testCase) => {
        const options = caseOptions(testCase, base);
        const verdict = validateArgv(caseArgv(testCase, base), options);
        return argvRemarks(verdict, options.files, options.env)
          .filter(({ severity }) => severity === "error")
          .map(({ id }) => `${id}: ${testCase.mutations.join("; ")}`);
      });
    expect(wrong).toMatchInlineSnapshot(`
      [
        "tensorboard-folder: --use-tensorboard=on",
        "tensorboard-folder: drop --rm-type; --use-tensorboard=on",
      ]
    `);
  });
});
