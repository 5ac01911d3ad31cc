import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Gate, Verdict } from "./gate.ts";
import {
  disagreements,
  nxTasks,
  reachedFrom,
  turboTasks,
  type TaskGraph,
} from "./tasks/task-graph.ts";
import { difference, noteRuns, PROBES, RUNNERS, tasksRun } from "./tasks/task-runs.ts";
import { copyWorkspace } from "./workspace/copy-workspace.ts";
import { runIn } from "./workspace/steps.ts";

/** A package in the middle of the graph: some depend on it, some do not. */
const CHANGED = { folder: "packages/hub", name: "@moonlight-rl/hub" };

/**
 * Nx and Turbo see the same tasks, edges and outputs; with either a second run is all cache, a change runs exactly the tasks again
 * that depend on it, and `nx affected` names exactly the packages above a change.
 */
export function tasksGate(): Gate {
  return {
    name: "tasks",
    async run() {
      const [nx, turbo] = [await nxTasks("."), await turboTasks(".")];
      const failures = disagreements(nx, turbo);
      const passed = nx.size - new Set(failures.map((fault) => fault.split(" ", 1)[0])).size;
      const verdicts = [await affected(nx), await cached()];
      return {
        passed: verdicts.reduce((sum, verdict) => sum + verdict.passed, passed),
        failures: [...failures, ...verdicts.flatMap((verdict) => verdict.failures)],
      };
    },
  };
}

/** What CI leaves out by `nx affected` is what a change cannot reach. */
async function affected(nx: TaskGraph): Promise<Verdict> {
  const stdout = await runIn(".", "nx", [
    "show",
    "projects",
    "--affected",
    "--json",
    `--files=${CHANGED.folder}/src/index.ts`,
  ]);
  const named = (JSON.parse(stdout) as string[]).map((name) => `${name}:build`);
  const reached = [...reachedFrom(nx, [`${CHANGED.name}:build`])].filter((id) =>
    id.endsWith(":build"),
  );
  const fault = difference(reached, named);
  return fault === undefined
    ? { passed: 1, failures: [] }
    : { passed: 0, failures: [`nx affected, a line of ${CHANGED.name} changed: ${fault}`] };
}

/** Both runners really run, in a copy each, and what they run is noted. */
async function cached(): Promise<Verdict> {
  const root = await mkdtemp(join(tmpdir(), "moonlight-tasks-"));
  try {
    const failures: string[] = [];
    let passed = 0;
    for (const [runner, run] of Object.entries(RUNNERS)) {
      const copy = join(root, runner, "copy");
      await mkdir(copy, { recursive: true });
      await copyWorkspace(copy);
      await symlink(resolve("node_modules"), join(copy, "node_modules"));
      await noteRuns(copy);
      const first = await tasksRun(copy, run);
      if (first.length === 0) failures.push(`${runner} ran nothing: the scripts were not found`);
      for (const { what, files, expected } of PROBES) {
        const fault = difference(expected, await tasksRun(copy, run, files));
        if (fault === undefined) passed++;
        else failures.push(`${runner}, ${what}: ${fault}`);
      }
    }
    return { passed, failures };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
