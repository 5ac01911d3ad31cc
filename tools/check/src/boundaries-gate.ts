import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { z } from "zod";
import { deepImports } from "./deep-imports.ts";
import type { Gate } from "./gate.ts";
import { brokenEdges } from "./layers.ts";
import { projectFolders } from "./projects.ts";
import { repositoryFiles } from "./workspace/copy-workspace.ts";
import { runIn } from "./workspace/steps.ts";

const graphSchema = z.object({
  graph: z.object({
    nodes: z.record(z.string(), z.object({ data: z.object({ root: z.string() }) })),
    dependencies: z.record(
      z.string(),
      z.array(z.object({ source: z.string(), target: z.string() })),
    ),
  }),
});

/** Refuses every edge of the Nx project graph that does not point down, and every import past what a package promises. */
export function boundariesGate(): Gate {
  return {
    name: "boundaries",
    async run() {
      const folder = await mkdtemp(join(tmpdir(), "moonlight-graph-"));
      try {
        const file = join(folder, "graph.json");
        await runIn(".", "nx", ["graph", `--file=${file}`]);
        const { graph } = await readJson(file, graphSchema, { what: "Nx project graph" });
        const nodes = graph.nodes;
        const isTool = (name: string): boolean =>
          /^(?:tools\/|examples\/|bench$)/.test(nodes[name]?.data.root ?? "");
        const short = (name: string): string => name.replace("@moonlight-rl/", "");
        const edges = Object.values(graph.dependencies)
          .flat()
          .filter(
            ({ source, target }) =>
              target in nodes && nodes[source]?.data.root !== "." && !isTool(source),
          )
          .map(
            ({ source, target }) =>
              [short(source), isTool(target) ? `tool ${short(target)}` : short(target)] as const,
          );
        const broken =
          edges.length === 0
            ? ["the Nx graph has no edge: it was not read rightly"]
            : brokenEdges(edges);
        const deep = await allDeepImports();
        return {
          passed: edges.length - broken.length + deep.files - deep.failures.length,
          failures: [...broken, ...deep.failures],
        };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

const manifestSchema = z.object({
  name: z.string(),
  exports: z.record(z.string(), z.unknown()).default({}),
});

/** Of every source file, tests too; what is given to `nx g` to write is no source. */
async function allDeepImports(): Promise<{ files: number; failures: string[] }> {
  const packages = await Promise.all(
    (await projectFolders()).map(async (folder) => {
      const { name, exports } = await readJson(join(folder, "package.json"), manifestSchema, {
        what: "package.json",
      });
      return { folder, name, entries: Object.keys(exports) };
    }),
  );
  const files = (await repositoryFiles()).filter((file) => /\.(?:ts|tsx|mts|mjs)$/.test(file));
  const found = await Promise.all(
    files.map(async (file) => deepImports(file, await readFile(file, "utf8"), packages)),
  );
  return { files: files.length, failures: found.flat() };
}
