import { delimiter } from "node:path";
import { PreflightError, throwIfAborted, validate } from "@moonlight-rl/core";
import { EVERYWHERE, HERE, PROBE_SCRIPT } from "./probe-script.ts";
import { probeAnswerSchema, type NodeFacts, type SilentNode } from "./node-facts.ts";

/** What to look for on each node. */
export interface ProbeQuestions {
  readonly ports: readonly number[];
  readonly paths: readonly string[];
  /** Modules, each with the names of the packages that may hold it. */
  readonly modules: readonly { readonly name: string; readonly packages: readonly string[] }[];
  /** Folders that modules are looked for in first: sources that are not installed. */
  readonly importFrom: readonly string[];
}

export interface ProbeOptions {
  readonly python: string;
  /** GCS address of a Ray cluster (`host:6379`, `auto`): all its nodes are asked. Absent: this one. */
  readonly rayAddress?: string;
  readonly signal?: AbortSignal;
}

const TIME_LIMIT_MS = 240_000;
const ANSWER_BYTES = 16 << 20;

/**
 * Looks at this node, or at all of a Ray cluster's. Nothing is changed or killed.
 *
 * @throws PreflightError PYTHON_MISSING, PROBE_FAILED (with the end of what Python said); PROBE_ANSWER
 */
export async function runProbe(
  questions: ProbeQuestions,
  { python, rayAddress, signal }: ProbeOptions,
): Promise<(NodeFacts | SilentNode)[]> {
  const wanted = JSON.stringify(questions);
  const args =
    rayAddress === undefined
      ? ["-c", HERE, wanted]
      : ["-c", EVERYWHERE, PROBE_SCRIPT, wanted, rayAddress];
  const { execa } = await import("execa");
  const result = await execa(python, args, {
    reject: false,
    stdin: "ignore",
    timeout: TIME_LIMIT_MS,
    maxBuffer: ANSWER_BYTES,
    env: { PYTHONPATH: [...questions.importFrom, process.env["PYTHONPATH"] ?? ""].join(delimiter) },
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  throwIfAborted(signal);
  if ((result as { readonly code?: string }).code === "ENOENT")
    throw new PreflightError("PYTHON_MISSING", `There is no ${python} here.`, {
      field: "launch.python",
      hint: "Name the interpreter of miles' environment: --set launch.python=/path/to/python.",
    });
  if (result.exitCode !== 0)
    throw new PreflightError(
      "PROBE_FAILED",
      `${python} could not look at ${rayAddress === undefined ? "this node" : `the Ray cluster at ${rayAddress}`}: ${lastLine(result.stderr) ?? result.shortMessage}`,
      {
        field: rayAddress === undefined ? "launch.python" : "rayAddress",
        hint:
          rayAddress === undefined
            ? "Run it by hand: does it start?"
            : "Is the address the one of `ray start --address`, and is ray installed in this interpreter?",
      },
    );
  return readAnswer(result.stdout, python);
}

/** What the probe printed: the last line that is a list; libraries print around it what they like. @throws UsageError PROBE_ANSWER */
export function readAnswer(output: string, python: string): (NodeFacts | SilentNode)[] {
  const line = output.split("\n").findLast((one) => one.startsWith("[{"));
  return validate(probeAnswerSchema, parsed(line ?? ""), {
    what: `answer of ${python}`,
    code: "PROBE_ANSWER",
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function lastLine(text: string): string | undefined {
  return text.trim().split("\n").at(-1);
}
