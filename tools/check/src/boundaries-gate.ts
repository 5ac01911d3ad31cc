import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { z } from "zod";
import type { Gate } from "./gate.ts";
import { brokenEdges } from "./layers.ts";
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

/** Reads the Nx project graph and refuses every edge that does not point down. */
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
        const failures =
          edges.length === 0
            ? ["the Nx graph has no edge: it was not read rightly"]
            : brokenEdges(edges);
        return { passed: edges.length - failures.length, failures };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
