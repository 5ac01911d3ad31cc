/**
 * Who may depend on whom: a package may only use packages of layers below its own (docs/architecture.md).
 * Stages are one layer, so that no stage uses another; tools may use everything.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ["core"],
  ["dataset", "model", "reward", "tokenizer", "tiny-moonlight"],
  ["recipe"],
  ["pipeline", "checkpoint", "hub"],
  ["embedded", "miles"],
  ["fetch", "convert", "rollout-config", "train", "eval"],
  ["dashboard", "stage-generator"],
  ["moonlight"],
];

/** Edges that the layers would allow and the design does not. */
export const FORBIDDEN: readonly (readonly [from: string, to: string, why: string])[] = [
  ["pipeline", "model", "the stage contract knows no model"],
  ["pipeline", "recipe", "the stage contract knows no recipe"],
  ["pipeline", "reward", "the stage contract knows no grader"],
  ["hub", "recipe", "the Hub protocol knows no recipe"],
  ["checkpoint", "recipe", "file formats know no recipe"],
];

/** Every edge of the graph that breaks the rule, as a sentence. */
export function brokenEdges(edges: readonly (readonly [from: string, to: string])[]): string[] {
  const layerOf = (name: string): number => LAYERS.findIndex((layer) => layer.includes(name));
  return edges.flatMap(([from, to]) => {
    const [above, below] = [layerOf(from), layerOf(to)];
    if (above === -1)
      return [
        `${from} is in no layer: add it to tools/check/src/layers.ts and docs/architecture.md`,
      ];
    if (below === -1)
      return [`${from} → ${to}: ${to} is in no layer (tools must not be used by packages)`];
    if (below >= above) return [`${from} → ${to}: ${to} is not below ${from}`];
    return FORBIDDEN.filter(([f, t]) => f === from && t === to).map(
      ([, , why]) => `${from} → ${to}: ${why}`,
    );
  });
}
