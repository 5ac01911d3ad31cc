import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { Gate, Verdict } from "./gate.ts";
import { BIN, SHORT_RUN, STAGES } from "./moonlight-command.ts";
import { screenFile } from "./screen-file.ts";
import { controlFaults, hasStyle, wrappedRows } from "./terminal/faults.ts";
import { hasTerminals, runInTerminal, type TerminalRun } from "./terminal/pseudo-terminal.ts";
import type { Screen } from "./terminal/screen.ts";

const ROWS = 24;
const RECIPE = ["--profile", "moonlight-16b-a3b", "--root", "/root"];
/** What people read most, after two runs; the last two are refused. */
const COMMANDS: readonly (readonly string[])[] = [
  ["run", ...SHORT_RUN],
  ["plan", ...SHORT_RUN],
  ["plan", "--set=rollout.numRollout=5"],
  ["runs", "list"],
  ["runs", "show"],
  ["runs", "compare", "latest~1", "latest"],
  ["runs", "samples", "latest"],
  ["runs", "samples", "latest", "--show", "train/0"],
  ["rollout-config", ...RECIPE],
  ["doctor"],
  ["explain", "RECIPE_INVALID"],
  ["run", "--set=rollout.numRollouts=3"],
  ["runs", "show", "nothing-of-that-name"],
];
/** Commands whose help has to fit as well. */
const HELPED =
  "run|plan|fetch|fetch verify|convert|convert inspect|rollout-config|rollout-config import|train|doctor|debug|dump|eval|eval compare|runs list|runs compare|report|ui|logs|serve|explain|config|schema|completion|hub serve";
/** Text alone, in colours that nobody chose. */
const UNCOLOURED: readonly (readonly string[])[] = [
  ["config"],
  ["explain"],
  ["--help"],
  ...HELPED.split("|").map((words) => [...words.split(" "), "--help"]),
];

/**
 * The commands in real terminals of 80 and 120 columns, with colours and with NO_COLOR, and without a terminal. With
 * MOONLIGHT_SCREENS=FOLDER what was on the screens is written there, to be looked at.
 */
export function terminalGate(): Gate {
  return {
    name: "terminal",
    async run() {
      if (!(await hasTerminals()))
        return { passed: 0, failures: [], skipped: ["terminals: no `script` of util-linux here"] };
      const folder = await mkdtemp(join(tmpdir(), "moonlight-terminal-"));
      try {
        return await check(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function check(folder: string): Promise<Verdict> {
  const failures: string[] = [];
  let passed = 0;
  const note = (what: string, faults: readonly string[]): void => {
    if (faults.length === 0) passed++;
    else failures.push(...faults.map((fault) => `${what}: ${fault}`));
  };
  for (const { columns, plain } of [
    { columns: 80, plain: false },
    { columns: 120, plain: true },
  ]) {
    const workspace = join(folder, String(columns));
    const size = { columns, rows: ROWS };
    const env = environment(workspace, plain);
    const live = new LiveFrames();
    const run = await runInTerminal([BIN, "run", ...SHORT_RUN], size, env, (screen) =>
      live.look(screen),
    );
    await keep(`run-live-${columns}`, live.best.join("\n"));
    note(`run, ${columns} columns`, [
      ...shown(run, plain ? "none" : "some", 0),
      ...live.faults(),
      ...leftovers(run),
    ]);
    for (const command of [...COMMANDS, ...(plain ? [] : UNCOLOURED)]) {
      const title = `${command.join(" ")}, ${columns} columns`;
      const inTerminal = await runInTerminal([BIN, ...command], size, env);
      await keep(`${name(command)}-${columns}`, textOf(inTerminal.screen));
      note(
        title,
        shown(inTerminal, plain ? "none" : UNCOLOURED.includes(command) ? "any" : "some"),
      );
    }
    if (!plain) continue;
    for (const command of COMMANDS)
      note(`${command.join(" ")}, no terminal`, await piped(command, workspace));
  }
  return { passed, failures };
}

/** The screens of a run while it is under way. */
class LiveFrames {
  /** The fullest one in which training is at work. */
  best: string[] = [];
  #frames = 0;
  readonly #wrapped = new Set<string>();

  look(screen: Screen): void {
    this.#frames++;
    const rows = screen.inSight();
    for (const fault of wrappedRows(screen.rows(), screen.columns)) this.#wrapped.add(fault);
    const training = rows.findIndex((row) => /^● train\b.*running$/.test(row));
    if (training === -1 || !/\d %/.test(rows.slice(training).join(" "))) return;
    if (rows.length >= this.best.length) this.best = rows;
  }

  faults(): string[] {
    return [
      ...(this.#frames > 20 ? [] : [`only ${this.#frames} changes of the screen`]),
      ...(this.best.length > 0 ? [] : ["training was never shown with its progress"]),
      ...this.#wrapped,
    ];
  }
}

/** A live view takes itself away: what is left is a line for each stage. */
function leftovers({ screen }: TerminalRun): string[] {
  const rows = screen.rows().map((row) => row.text);
  return STAGES.flatMap((stage) => {
    const lines = rows.filter((row) => row.includes(`✓ ${stage} finished`));
    return lines.length === 1 ? [] : [`${lines.length} lines say that ${stage} has finished`];
  });
}

/** What is wrong with what a command left on the screen. */
function shown(
  { raw, screen, exitCode }: TerminalRun,
  colours: "none" | "some" | "any",
  expected?: number,
): string[] {
  return [
    ...(expected === undefined || exitCode === expected ? [] : [`exit ${exitCode}`]),
    ...(screen.rows().length > 0 ? [] : ["nothing on the screen"]),
    ...wrappedRows(screen.rows(), screen.columns),
    ...(colours === "none" && hasStyle(raw) ? ["colours although NO_COLOR is set"] : []),
    ...(colours !== "some" || hasStyle(raw) ? [] : ["no colours"]),
    ...(raw.includes("\uFFFD") ? ["a character that is none"] : []),
  ];
}

/** In a pipe and in a file the same commands write text and nothing else. */
async function piped(command: readonly string[], workspace: string): Promise<string[]> {
  const { all } = await execa(process.execPath, [BIN, ...command], {
    reject: false,
    stdin: "ignore",
    all: true,
    env: environment(workspace, false),
    extendEnv: false,
  });
  return [...controlFaults(all), ...(all.trim() === "" ? ["nothing was written"] : [])];
}

/** As at a desk: a CI is not asked for live views, and what decides about colours is not inherited. */
function environment(workspace: string, plain: boolean): Record<string, string> {
  const { CI: _ci, FORCE_COLOR: _force, NO_COLOR: _no, ...rest } = process.env;
  const env = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return {
    ...Object.fromEntries(env),
    MOONLIGHT_WORKSPACE: workspace,
    ...(plain ? { NO_COLOR: "1" } : {}),
  };
}

async function keep(file: string, content: string): Promise<void> {
  const path = await screenFile(`${file}.txt`);
  if (path !== undefined) await writeFile(path, `${content}\n`);
}

function name(command: readonly string[]): string {
  return command
    .join(" ")
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, 40);
}

function textOf(screen: Screen): string {
  return screen
    .rows()
    .map((row) => row.text)
    .join("\n");
}
