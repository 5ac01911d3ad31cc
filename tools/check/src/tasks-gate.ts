import { appendFile, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import type { Gate } from "./gate.ts";
import { disagreements, nxTasks, reachedFrom, turboTasks, TASKS } from "./tasks/task-graph.ts";

/** A package in the middle of the graph: some depend on it, some do not. */
const CHANGED = { folder: "packages/hub", name: "@moonlight-rl/hub" };

/**
 * Nx and Turbo see the same tasks, edges and outputs; and a changed line invalidates exactly the tasks that depend on it: in Turbo
 * by its hashes, in Nx by what it would run for the change.
 */
export function tasksGate(): Gate {
  return {
    name: "tasks",
    async run() {
      const [nx, turbo] = [await nxTasks("."), await turboTasks(".")];
      const failures = disagreements(nx, turbo);
      let passed = nx.size - new Set(failures.map((fault) => fault.split(" ", 1)[0])).size;
      const clone = await mkdtemp(join(tmpdir(), "moonlight-tasks-"));
      try {
        await execa("git", ["clone", "--quiet", "--no-hardlinks", resolve("."), clone]);
        await symlink(resolve("node_modules"), join(clone, "node_modules"));
        const before = await turboTasks(clone);
        const again = await turboTasks(clone);
        const unstable = [...before].filter(([id, { hash }]) => again.get(id)?.hash !== hash);
        if (unstable.length === 0) passed++;
        else failures.push(`Turbo: ${unstable.map(([id]) => id).join(", ")}: not the same twice`);
        for (const { file, tasks } of [
          { file: "src/index.ts", tasks: TASKS },
          // Nobody is built anew for a test.
          { file: "src/download/machine-faults.test.ts", tasks: ["test", "types"] },
        ]) {
          const from = await turboTasks(clone);
          await appendFile(join(clone, CHANGED.folder, file), "// changed\n");
          const after = await turboTasks(clone);
          const changed = [...after].flatMap(([id, { hash }]) =>
            from.get(id)?.hash === hash ? [] : [id],
          );
          const expected = [
            ...reachedFrom(
              turbo,
              tasks.map((task) => `${CHANGED.name}:${task}`),
            ),
          ];
          const fault = difference(expected, changed);
          if (fault === undefined) passed++;
          else failures.push(`Turbo, ${file} of ${CHANGED.name} changed: ${fault}`);
        }
        const { stdout } = await execa(
          "nx",
          ["show", "projects", "--affected", "--json", `--files=${CHANGED.folder}/src/index.ts`],
          { preferLocal: true, stdin: "ignore", env: { NX_DAEMON: "false" } },
        );
        const affected = (JSON.parse(stdout) as string[]).map((name) => `${name}:build`);
        const fault = difference(
          [...reachedFrom(nx, [`${CHANGED.name}:build`])].filter((id) => id.endsWith(":build")),
          affected,
        );
        if (fault === undefined) passed++;
        else failures.push(`nx affected, a line of ${CHANGED.name} changed: ${fault}`);
        return { passed, failures };
      } finally {
        await rm(clone, { recursive: true, force: true });
      }
    },
  };
}

function difference(expected: readonly string[], found: readonly string[]): string | undefined {
  const missing = expected.filter((id) => !found.includes(id));
  const more = found.filter((id) => !expected.includes(id));
  if (missing.length + more.length === 0) return undefined;
  return [
    ...(missing.length > 0 ? [`not reached: ${missing.join(", ")}`] : []),
    ...(more.length > 0 ? [`reached for nothing: ${more.join(", ")}`] : []),
  ].join("; ");
}
