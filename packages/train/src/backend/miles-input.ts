import { UsageError } from "@moonlight-rl/core";
import { unkeyed } from "@moonlight-rl/pipeline";
import { z } from "zod";
import type { BackendName } from "./load-backend.ts";
import type { MilesSettings } from "./train-backend.ts";

/** Inputs of the stage that say how miles is run. None changes what comes out, so none is in the cache key. */
export const milesInput = {
  rayAddress: unkeyed(
    z
      .string()
      .min(1)
      .optional()
      .describe("miles: job server of a running Ray cluster (default: a Ray head of its own here)"),
  ),
  miles: unkeyed(
    z.string().min(1).optional().describe("miles: its folder on the nodes (default: the recipe's)"),
  ),
  python: unkeyed(
    z
      .string()
      .min(1)
      .optional()
      .describe("miles: interpreter with its packages (default: the recipe's)"),
  ),
  onInterrupt: unkeyed(
    z
      .enum(["ask", "stop", "detach"])
      .optional()
      .describe("miles: what Ctrl-C does to the job (default: ask at a terminal, else stop)"),
  ),
  retries: unkeyed(
    z
      .int()
      .min(0)
      .optional()
      .describe("miles: tries of a failed job without a new checkpoint in between (default: 2)"),
  ),
  onHang: unkeyed(
    z
      .enum(["warn", "restart"])
      .optional()
      .describe("miles: what a job that hangs leads to (default: warn)"),
  ),
  hangMinutes: unkeyed(
    z
      .number()
      .positive()
      .optional()
      .describe("miles: stillness that is a hang (default: by phase, 10 to 60)"),
  ),
  keepCheckpoints: unkeyed(
    z.int().min(1).optional().describe("miles: good checkpoints that stay (default: all)"),
  ),
  preflight: unkeyed(
    z
      .enum(["require", "warn", "off"])
      .optional()
      .describe("miles: what machines that lack something lead to (default: require)"),
  ),
};

type MilesInput = { readonly [K in keyof typeof milesInput]?: z.output<(typeof milesInput)[K]> };

/** @throws UsageError TRAIN_SETTING_UNUSED where another backend would pass a setting over in silence */
export function milesSettings(given: MilesInput, backend: BackendName): MilesSettings {
  const names = Object.keys(milesInput) as (keyof MilesInput)[];
  const set = names.filter((name) => given[name] !== undefined);
  if (backend !== "miles" && set[0] !== undefined)
    throw new UsageError(
      "TRAIN_SETTING_UNUSED",
      `${set.join(", ")}: only the backend miles has this.`,
      {
        field: set[0],
        hint: "Add --backend miles, or leave it out.",
      },
    );
  const { miles, ...rest } = Object.fromEntries(
    set.map((name) => [name, given[name]]),
  ) as MilesInput;
  return { ...rest, ...(miles === undefined ? {} : { milesPath: miles }) } as MilesSettings;
}
