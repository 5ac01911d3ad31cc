import { UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import {
  formatPlan,
  formatSimulation,
  planFindings,
  planRecipe,
  simulateRollout,
  type Backend,
  type DifficultyBin,
  type Finding,
  type Plan,
  type Recipe,
  type RolloutSimulation,
} from "@moonlight-rl/recipe";
import { z } from "zod";

interface Questions {
  readonly render: string;
  readonly difficulty: readonly string[];
  readonly promptCount?: number | undefined;
  readonly meanResponseLen?: number | undefined;
}

export interface Outlook {
  readonly findings: readonly Finding[];
  /** What `--render plan` and `--render rollout` print. */
  readonly printed: { figures?: Record<string, z.output<z.ZodJSONSchema>>; text?: string };
}

/** Plans memory and time where miles trains a model of known shape, and simulates the rollouts where asked for. */
export function lookAhead(
  recipe: Recipe,
  backend: Backend,
  hfConfig: HfConfig | undefined,
  { render, difficulty, promptCount, meanResponseLen }: Questions,
): Outlook {
  const bins =
    difficulty.length === 0
      ? {}
      : { difficulty: difficulty.flatMap((text) => text.split(",")).map(parseBin) };
  const plan =
    backend === "miles" && hfConfig !== undefined
      ? planRecipe(recipe, hfConfig, {
          ...bins,
          ...(meanResponseLen === undefined ? {} : { meanResponseLen }),
        })
      : undefined;
  const findings = plan === undefined ? [] : planFindings(plan);
  if (render === "rollout") {
    const simulation = simulateRollout(recipe, bins.difficulty);
    return { findings, printed: printed(simulation, formatSimulation(simulation, promptCount)) };
  }
  if (render !== "plan") return { findings, printed: {} };
  if (plan !== undefined)
    return { findings, printed: printed(plan, formatPlan(plan, promptCount)) };
  throw new UsageError("RENDER_BACKEND", "A plan is made for miles and a model of known shape", {
    field: "render",
    hint: "Use --backend miles and --model, or a profile that has both.",
  });
}

function printed(figures: Plan | RolloutSimulation, text: string): Outlook["printed"] {
  return {
    figures: z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(figures))),
    text,
  };
}

function parseBin(text: string): DifficultyBin {
  const [solveRate = NaN, share = NaN, ...rest] = text
    .split(":")
    .map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (rest.length === 0 && solveRate >= 0 && solveRate <= 1 && share > 0 && share < Infinity)
    return { solveRate, share };
  throw new UsageError("DIFFICULTY_INVALID", `"${text}" is not a solve rate and a share`, {
    field: "difficulty",
    hint: "Write rate:share with a rate from 0 to 1 and a share above 0, such as 0.25:3.",
  });
}
