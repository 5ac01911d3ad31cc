import { UsageError } from "@moonlight-rl/core";

/** A pattern that fits no tensor is a slip: of nothing, "nothing is different" would be true. */
export function requireMatches(filter: string, matches: number): void {
  if (matches > 0 || filter === "*") return;
  throw new UsageError("FILTER_NOTHING", `No tensor has a name like ${filter}.`, {
    field: "--filter",
    hint: "inspect without --filter lists the names; where a model folder is compared they are Hugging Face's, such as model.layers.1.mlp.gate.weight.",
  });
}
