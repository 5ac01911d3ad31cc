import type { HfConfig } from "@moonlight-rl/model";
import type { Recipe } from "@moonlight-rl/recipe";
import { validateArgv } from "../argv/validate-argv.ts";
import { launchPlan } from "../launch/launch-plan.ts";
import { renderArgv } from "../render-argv.ts";
import { runtimeEnv } from "../runtime-env.ts";
import { judgeNode, type NodeCheck } from "./judge-node.ts";
import type { NodeFacts, SilentNode } from "./node-facts.ts";
import { nodeNeeds, questionsOf, type NodeNeeds } from "./needs.ts";
import { runProbe, type ProbeOptions } from "./run-probe.ts";

export type ClusterOptions = Omit<ProbeOptions, "python">;

/**
 * Looks at this node, or with `rayAddress` at every node of a Ray cluster, and judges it by what the recipe needs.
 *
 * @throws what `renderArgv`, `launchPlan` and `runProbe` throw
 */
export async function checkCluster(
  recipe: Recipe,
  config: HfConfig,
  options: ClusterOptions,
): Promise<NodeCheck[]> {
  const argv = renderArgv(recipe, config);
  const verdict = validateArgv(argv, { hfConfig: { ...config }, env: runtimeEnv(recipe, false) });
  const needs = nodeNeeds(launchPlan(recipe, argv, verdict), config);
  const { python } = recipe.launch;
  const nodes = await runProbe(questionsOf(needs, recipe), { ...options, python });
  return judgeNodes(nodes, needs, { existingCluster: options.rayAddress !== undefined });
}

/** Judges all nodes, and with `existingCluster` what Ray has of them together. */
export function judgeNodes(
  nodes: readonly (NodeFacts | SilentNode)[],
  needs: NodeNeeds,
  { existingCluster }: { readonly existingCluster: boolean },
): NodeCheck[] {
  const checks = nodes.flatMap((node): NodeCheck[] =>
    "error" in node
      ? [
          {
            host: node.host,
            id: "node",
            status: "error",
            seen: `it gave no answer: ${node.error}`,
            fix: "Look at it with ray list nodes; a node that hangs holds the job up.",
          },
        ]
      : judgeNode(node, needs, { existingCluster }),
  );
  return existingCluster ? [clusterCheck(nodes, needs), ...checks] : checks;
}

/** Whether Ray has as many GPUs as the placement group will ask for; miles would wait for them for ever. */
function clusterCheck(nodes: readonly (NodeFacts | SilentNode)[], needs: NodeNeeds): NodeCheck {
  const seen = nodes.reduce((sum, node) => sum + ("error" in node ? 0 : (node.ray?.GPU ?? 0)), 0);
  const wanted = needs.nodes * needs.gpusPerNode;
  const short = seen < wanted;
  return {
    host: "Ray",
    id: "cluster-gpus",
    status: short ? "error" : "ok",
    seen: `${nodes.length} node${nodes.length === 1 ? "" : "s"} with ${seen} GPUs, ${wanted} are needed`,
    ...(short ? { fix: "Add nodes, or change cluster.* of the recipe." } : {}),
  };
}
