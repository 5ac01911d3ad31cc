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
  let shell: Shell = { folder: reader.home, variables: "" };
  let steps = 0;
  const servers: Server[] = [];
  try {
    for (const step of tutorialSteps(await readFile(page, "utf8"))) {
      if (step.kind === "left-out") continue;
      if (step.kind === "file") await writeStep(step, shell);
      else if (step.kind === "server") servers.push(await startServer(step, shell, reader));
      else shell = await runStep(step, shell, reader);
      steps++;
    }
    return steps === 0 ? { steps, failure: `${page}: nothing to follow` } : { steps };
  } catch (error) {
    return { steps, failure: `${page}: ${(error as Error).message}` };
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** What one block of commands leaves to the next, as in one shell that a reader types into. */
interface Shell {
  readonly folder: string;
  /** As bash declares them. */
  readonly variables: string;
}

interface Server {
  readonly stop: () => Promise<void>;
}

const READY_MS = 120_000;

/** Starts what a reader starts in another terminal, and waits until it says that it is ready. */
async function startServer(
  { line, text, ready }: Extract<TutorialStep, { kind: "server" }>,
  { folder, variables }: Shell,
  { env }: Reader,
): Promise<Server> {
  // A group of its own: the shell, npx and the server end together.
  const server = execa("bash", ["-c", `${variables}\n${text}`], {
    cwd: folder,
    env: { ...env },
    stdin: "ignore",
    all: true,
    reject: false,
    detached: true,
    cleanup: true,
  });
  const stop = async (): Promise<void> => {
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, "SIGTERM");
    await server;
  };
  let printed = "";
  const said = new Promise<boolean>((resolve) => {
    server.all.on("data", (part: Buffer) => {
      printed += part.toString();
      if (printed.includes(ready)) resolve(true);
    });
    void server.then(() => resolve(false));
    setTimeout(() => resolve(false), READY_MS).unref();
  });
  if (await said) return { stop };
  await stop();
  throw new Error(`line ${line}: it never printed "${ready}"\n${text}${printed.slice(-3000)}`);
}

async function writeStep(
  { path, text }: Extract<TutorialStep, { kind: "file" }>,
  { folder }: Shell,
): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

async function runStep(
  step: Extract<TutorialStep, { kind: "commands" }>,
  { folder, variables }: Shell,
  reader: Reader,
): Promise<Shell> {
  const state = join(reader.home, "..", "shell");
  // The first command that fails ends it; every variable is kept.
  const script = `${variables}\nset -aeo pipefail\ntrap 'pwd > "$SHELL_STATE"; export -p >> "$SHELL_STATE"' EXIT\n${step.text}`;
  const result = await execa("bash", ["-c", script], {
    cwd: folder,
    env: { ...reader.env, COLUMNS: "100", SHELL_STATE: state },
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
  const [now = "", ...declared] = (await readFile(state, "utf8")).split("\n");
  return { folder: now, variables: declared.join("\n") };
}
