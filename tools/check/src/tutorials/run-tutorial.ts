import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { missingOutput } from "./compare-output.ts";
import { tutorialSteps, type TutorialStep } from "./tutorial-steps.ts";

/** Where a tutorial is followed. */
export interface Reader {
  /** The checkout, in which each tutorial begins. */
  readonly home: string;
  /** Environment beside the PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** How the page's `~/moonlight-rl` is called here. */
  readonly shownAs: string;
}

export interface FollowedTutorial {
  readonly steps: number;
  /** Why it ended before its last step. */
  readonly failure?: string;
}

/** Follows a page word for word: writes its files, runs its commands in one place after the other, and compares what they print. */
export async function runTutorial(page: string, reader: Reader): Promise<FollowedTutorial> {
  let folder = reader.home;
  let steps = 0;
  try {
    for (const step of tutorialSteps(await readFile(page, "utf8"))) {
      folder = await follow(step, folder, reader);
      steps++;
    }
    return steps === 0 ? { steps, failure: `${page}: nothing to follow` } : { steps };
  } catch (error) {
    return { steps, failure: `${page}: ${(error as Error).message}` };
  }
}

/** Returns the folder in which the reader is then. */
async function follow(step: TutorialStep, folder: string, reader: Reader): Promise<string> {
  if (step.kind === "file") {
    const file = join(folder, step.path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, step.text);
    return folder;
  }
  const after = join(reader.home, "..", "folder-after");
  // As typed into one shell: the first command that fails ends it.
  const script = `set -eo pipefail\ntrap 'pwd > ${JSON.stringify(after)}' EXIT\n${step.text}`;
  const result = await execa("bash", ["-c", script], {
    cwd: folder,
    env: { ...reader.env, COLUMNS: "100" },
    stdin: "ignore",
    all: true,
    reject: false,
    timeout: 900_000,
    maxBuffer: 1 << 26,
  });
  const printed = result.all.replaceAll(reader.home, reader.shownAs);
  const end = printed.slice(-3000);
  if (result.exitCode !== step.exitCode)
    throw new Error(
      `line ${step.line}: exit ${result.exitCode ?? result.signal}, not ${step.exitCode}\n${step.text}${end}`,
    );
  const missing = step.output && missingOutput(step.output.text, printed, step.output);
  if (missing !== undefined)
    throw new Error(
      `line ${step.output?.line}: ${missing}\nall that was printed by\n${step.text}${end}`,
    );
  return (await readFile(after, "utf8")).trim();
}
