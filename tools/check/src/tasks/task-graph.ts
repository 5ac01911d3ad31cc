import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { runIn } from "../workspace/steps.ts";

/** A task of a package as a task runner sees it: "@moonlight-rl/core:build". */
export interface Task {
  readonly dependsOn: readonly string[];
  /** Folders that it writes, relative to its package. */
  readonly outputs: readonly string[];
}
export type TaskGraph = ReadonlyMap<string, Task>;

export const TASKS = ["build", "test", "types"] as const;

const nxSchema = z.object({
  tasks: z.object({
    tasks: z.record(
      z.string(),
      z.object({ projectRoot: z.string(), outputs: z.array(z.string()) }),
    ),
    dependencies: z.record(z.string(), z.array(z.string())),
  }),
});

const turboSchema = z.object({
  tasks: z.array(
    z.object({
      taskId: z.string(),
      outputs: z.array(z.string()).nullable(),
      dependencies: z.array(z.string()),
    }),
  ),
});

export async function nxTasks(cwd: string): Promise<TaskGraph> {
  const folder = await mkdtemp(join(tmpdir(), "moonlight-nx-"));
  try {
    const file = join(folder, "graph.json");
    await runIn(cwd, "nx", ["run-many", "-t", ...TASKS, `--graph=${file}`]);
    const { tasks } = nxSchema.parse(JSON.parse(await readFile(file, "utf8")));
    return new Map(
      Object.entries(tasks.tasks).map(([id, { projectRoot, outputs }]) => [
        id,
        {
          dependsOn: (tasks.dependencies[id] ?? []).toSorted(),
          outputs: outputs.map((output) => output.replace(`${projectRoot}/`, "")).sort(),
        },
      ]),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function turboTasks(cwd: string): Promise<TaskGraph> {
  const stdout = await runIn(cwd, "turbo", ["run", ...TASKS, "--dry=json"]);
  const { tasks } = turboSchema.parse(JSON.parse(stdout.slice(stdout.indexOf("{"))));
  const name = (id: string): string => id.replace("#", ":");
  return new Map(
    tasks.map(({ taskId, outputs, dependencies }) => [
      name(taskId),
      {
        dependsOn: dependencies.map(name).sort(),
        outputs: (outputs ?? []).map((output) => output.replace(/\/\*\*$/, "")).sort(),
      },
    ]),
  );
}

/** Where two runners disagree, as sentences. */
export function disagreements(nx: TaskGraph, turbo: TaskGraph): string[] {
  const faults: string[] = [];
  for (const id of new Set([...nx.keys(), ...turbo.keys()])) {
    const [one, other] = [nx.get(id), turbo.get(id)];
    if (one === undefined || other === undefined) {
      faults.push(`only ${one === undefined ? "Turbo" : "Nx"} has ${id}`);
      continue;
    }
    for (const field of ["dependsOn", "outputs"] as const)
      if (one[field].join() !== other[field].join())
        faults.push(
          `${id}: ${field} is ${one[field].join(", ") || "nothing"} in Nx, ${other[field].join(", ") || "nothing"} in Turbo`,
        );
  }
  return faults;
}

/** All tasks that a change of a task's own input reaches. */
export function reachedFrom(graph: TaskGraph, starts: readonly string[]): Set<string> {
  const reached = new Set(starts);
  for (let size = -1; size !== reached.size;) {
    size = reached.size;
    for (const [id, { dependsOn }] of graph)
      if (dependsOn.some((one) => reached.has(one))) reached.add(id);
  }
  return reached;
}
