import { RECIPE_FIELDS } from "@moonlight-rl/recipe";
import { flagTable } from "../argv/flag-table.ts";
import { MEGATRON_MODEL_FLAGS } from "../argv/flags/megatron-model.ts";
import { MEGATRON_NETWORK_FLAGS } from "../argv/flags/megatron-network.ts";
import { tokenise } from "../argv/tokenise.ts";
import { shellLine } from "./shell-quote.ts";

/** Flags of the recipe's fields by group; what shapes the network comes from config.json. */
const GROUP_OF_FLAG = new Map([
  ...[...MEGATRON_MODEL_FLAGS, ...MEGATRON_NETWORK_FLAGS].flatMap(({ names }) =>
    names.map((name) => [name, "model"] as const),
  ),
  // The first field that a flag says comes last, so that it counts.
  ...RECIPE_FIELDS.toReversed().flatMap(({ path, facts }) =>
    [facts.flag, facts.negative].flatMap((flag) =>
      flag === undefined ? [] : [[flag, path.split(".")[0] ?? ""] as const],
    ),
  ),
]);

/**
 * The argv as the lines of a bash array: a flag with its values each, under comments that name the recipe's groups. Bash
 * makes exactly `argv` of them.
 */
export function argumentLines(argv: readonly string[]): string[] {
  const { tokens, fault } = tokenise(argv, flagTable("full"));
  // Only an argv that argparse takes is launched; one argument a line is right for any.
  const starts = fault === undefined ? tokens.map(({ position }) => position) : [...argv.keys()];
  const lines = starts.map((start, i) => argv.slice(start, starts[i + 1] ?? argv.length));
  const groups = groupsOf(lines.map((words) => (words[0] ?? "").split("=", 1)[0] ?? ""));
  return lines.flatMap((words, i) => [
    ...(groups[i] === groups[i - 1] ? [] : [`  # ${groups[i] ?? ""}`]),
    `  ${shellLine(words)}`,
  ]);
}

/** A flag that no field says belongs to those before it, and so does a single one between two of the same group. */
function groupsOf(flags: readonly string[]): string[] {
  let last = "cluster";
  const groups = flags.map((flag) => (last = GROUP_OF_FLAG.get(flag) ?? last));
  return groups.map((group, i) => {
    const [before, after] = [groups[i - 1], groups[i + 1]];
    return before !== undefined && before === after ? before : group;
  });
}
