import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MoonlightError, UsageError } from "@moonlight-rl/core";
import { z } from "zod";
import type { Grade, GradingTask } from "../grade.ts";

/** Where a grader of somebody else's is: module as a file URL, and the name of its export. */
export interface GraderLocation {
  readonly module: string;
  readonly name: string;
}

/**
 * Finds `module#export`: a file (`./grader.mjs#strict`), or a package as the working directory sees it (`my-graders#strict`).
 * Without `#export` it is the module's default. Errors: `GRADER_CUSTOM_INVALID`.
 */
export function locateGrader(path: string, cwd: string = process.cwd()): GraderLocation {
  const [module = "", name = "default"] = path.split("#", 2);
  if (/^\.{0,2}\//.test(module)) return { module: pathToFileURL(resolve(cwd, module)).href, name };
  try {
    const file = createRequire(join(cwd, "package.json")).resolve(module);
    return { module: pathToFileURL(file).href, name };
  } catch (cause) {
    throw invalid(`There is no module "${module}" in ${cwd}.`, cause);
  }
}

const gradeSchema = z.object({
  reward: z.number(),
  outcome: z.enum(["correct", "wrong", "no_answer", "unparsable", "truncated"]),
  extracted: z.string().nullable(),
});

/**
 * Loads a grader: a function of a task that gives a grade, or a number alone, of which 1 and more is right. Runs in a thread
 * with a deadline. Errors: `GRADER_CUSTOM_INVALID` for what cannot be loaded, `GRADER_FAILED` for what a call throws or gives.
 */
export async function loadGrader({
  module,
  name,
}: GraderLocation): Promise<(task: GradingTask) => Promise<Grade>> {
  let exports: Record<string, unknown>;
  try {
    exports = (await import(module)) as Record<string, unknown>;
  } catch (cause) {
    throw invalid(`${module} cannot be loaded: ${(cause as Error).message}`, cause);
  }
  const grader = Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (typeof grader !== "function") throw invalid(`${module} exports no function "${name}".`);
  return async (task) => gradeOf(await (grader as (task: GradingTask) => unknown)(task), name);
}

function gradeOf(given: unknown, name: string): Grade {
  if (typeof given === "number" && Number.isFinite(given)) {
    return { reward: given, outcome: given >= 1 ? "correct" : "wrong", extracted: null };
  }
  const grade = gradeSchema.safeParse(given);
  if (grade.success) return grade.data;
  throw new MoonlightError(
    "GRADER_FAILED",
    `The grader "${name}" gave neither a number nor a grade.`,
    {
      field: "customRmPath",
      hint: "Return a number, or { reward, outcome, extracted } as the README of @moonlight-rl/reward says.",
    },
  );
}

function invalid(message: string, cause?: unknown): UsageError {
  return new UsageError("GRADER_CUSTOM_INVALID", message, {
    field: "customRmPath",
    hint: "Write it as module#export, for instance ./grader.mjs#grade.",
    ...(cause !== undefined && { cause }),
  });
}
