import { compareRuns } from "@moonlight-rl/pipeline";
import type { CompareAnswer } from "../api/compare.ts";
import type { Evaluations } from "../evals/evaluations.ts";
import { recipeFields } from "../recipe/describe-recipe.ts";
import type { RunView } from "../run/run-view.ts";
import { firstCause, runCauses, type RunCause } from "./run-causes.ts";

/** What set two runs apart, and how they ended. */
export async function compare(
  a: RunView,
  b: RunView,
  evaluations: Evaluations,
): Promise<CompareAnswer> {
  const { causes: found, stages, environment } = await compareRuns(a.workspace, a.id, b.id);
  const causes = runCauses(found, await recipeFields(a), await recipeFields(b));
  const first = firstCause(causes);
  return {
    a: a.id,
    b: b.id,
    ...(first === undefined ? {} : { first: causeOf(first) }),
    causes: causes.map(causeOf),
    stages: stages.map(({ id, state, seconds: [before, now] }) => ({
      id,
      state,
      ...(before === undefined ? {} : { secondsA: before }),
      ...(now === undefined ? {} : { secondsB: now }),
    })),
    environment: environment.map(({ what, before, now }) => ({ what, ...sides(before, now) })),
    metrics: await lastValues(a, b),
    evals: await accuracies(a, b, evaluations),
  };
}

function causeOf({ before, now, ...cause }: RunCause): CompareAnswer["causes"][number] {
  return { ...cause, ...sides(before, now) };
}

function sides(a: string | undefined, b: string | undefined): { a?: string; b?: string } {
  return { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) };
}

async function lastValues(a: RunView, b: RunView): Promise<CompareAnswer["metrics"]> {
  const [one, other] = [(await a.curves()).named(), (await b.curves()).named()];
  return [...one].flatMap(([name, curve]) => {
    const there = other.get(name);
    return there === undefined
      ? []
      : [{ name, a: finite(curve.values.at(-1)), b: finite(there.values.at(-1)) }];
  });
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

async function accuracies(
  a: RunView,
  b: RunView,
  evaluations: Evaluations,
): Promise<CompareAnswer["evals"]> {
  const [one, other] = [await evaluations.list(a), await evaluations.list(b)];
  return one.evals.flatMap(({ stage, sets }) =>
    sets.flatMap((set) => {
      const there = other.evals
        .find((evaluation) => evaluation.stage === stage)
        ?.sets.find(({ name }) => name === set.name);
      if (there === undefined) return [];
      const figures = (from: typeof set): CompareAnswer["evals"][number]["a"] => ({
        accuracy: from.accuracy,
        ...from.interval,
      });
      return [{ stage, set: set.name, a: figures(set), b: figures(there) }];
    }),
  );
}
