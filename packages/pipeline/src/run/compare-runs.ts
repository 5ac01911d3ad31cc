import { join } from "node:path";
import type { Json } from "@moonlight-rl/core";
import { readRecord } from "../runner/cache.ts";
import { differences, short, show } from "../runner/difference.ts";
import type { KeyParts } from "../runner/key.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { environmentDifferences, type EnvironmentDifference } from "./environment.ts";
import type { FinishedEntry } from "./journal.ts";
import { readRun, readRunJournal } from "./run-folder.ts";

/** Why a stage of two runs is not the same in both. */
export interface Cause {
  /** Id of the stage. */
  readonly stage: string;
  /**
   * input: a value of the stage's input · data: an artifact that came from outside the run · code: a package ·
   * outcome: equal inputs and code gave other artifacts, so the environment or chance did it · missing: only one run got that far.
   */
  readonly kind: "input" | "data" | "code" | "outcome" | "missing";
  /** Field of the input, name of the package, or field of the output. */
  readonly what: string;
  readonly before: string | undefined;
  readonly now: string | undefined;
}

export interface StageComparison {
  readonly id: string;
  /** same: equal work · follows: only what came from an earlier stage differs · differs: has causes of its own. */
  readonly state: "same" | "follows" | "differs";
  readonly seconds: readonly [before: number | undefined, now: number | undefined];
}

export interface RunComparison {
  readonly before: string;
  readonly now: string;
  readonly stages: readonly StageComparison[];
  /** In the order of the stages: the first one is what set the runs apart, later ones came on top. */
  readonly causes: readonly Cause[];
  readonly environment: readonly EnvironmentDifference[];
}

/** What set two runs apart, in the order of their stages. A difference that only passes on an earlier one is no cause. */
export async function compareRuns(
  workspace: Workspace,
  before: string,
  now: string,
): Promise<RunComparison> {
  const [a, b] = [await readRun(workspace, before), await readRun(workspace, now)];
  const [stagesA, stagesB] = [
    await finishedStages(workspace, before),
    await finishedStages(workspace, now),
  ];
  const causes: Cause[] = [];
  const made = { before: new Set<string>(), now: new Set<string>() };
  const stages: StageComparison[] = [];
  for (const id of new Set([...stagesA.keys(), ...stagesB.keys()])) {
    const [one, other] = [stagesA.get(id), stagesB.get(id)];
    const own = await causesOf(workspace, id, one, other, made);
    causes.push(...own);
    const same = one?.key === other?.key && own.length === 0;
    stages.push({
      id,
      state: same ? "same" : own.length === 0 ? "follows" : "differs",
      seconds: [one?.seconds, other?.seconds],
    });
    for (const { digest } of artifactsOf(one?.output)) made.before.add(digest);
    for (const { digest } of artifactsOf(other?.output)) made.now.add(digest);
  }
  return { before, now, stages, causes, environment: environmentDifferences(a, b) };
}

async function causesOf(
  workspace: Workspace,
  stage: string,
  before: FinishedEntry | undefined,
  now: FinishedEntry | undefined,
  made: { readonly before: ReadonlySet<string>; readonly now: ReadonlySet<string> },
): Promise<Cause[]> {
  if (before === undefined || now === undefined) {
    const state = (entry: FinishedEntry | undefined): string =>
      entry === undefined ? "not reached" : "done";
    return [{ stage, kind: "missing", what: "stage", before: state(before), now: state(now) }];
  }
  if (before.key === now.key) return outcomes(stage, before, now);
  const [a, b] = [await partsOf(workspace, before), await partsOf(workspace, now)];
  // Written by an older version, and the cache has let go of it.
  if (a === undefined || b === undefined)
    return [{ stage, kind: "input", what: "key", before: short(before.key), now: short(now.key) }];
  const inputs = differences(a.input, b.input).flatMap(
    ({ path, before: was, now: is }): Cause[] => {
      const [x, y] = [artifactsOf(was)[0]?.digest, artifactsOf(is)[0]?.digest];
      // Handed on by a stage that is compared for itself.
      if ((x !== undefined && made.before.has(x)) || (y !== undefined && made.now.has(y)))
        return [];
      const kind = x === undefined && y === undefined ? "input" : "data";
      return [{ stage, kind, what: path || "value", before: show(was), now: show(is) }];
    },
  );
  const packages = differences(a.code, b.code).map(({ path, before: was, now: is }): Cause => ({
    stage,
    kind: "code",
    what: path,
    before: typeof was === "string" ? short(was) : undefined,
    now: typeof is === "string" ? short(is) : undefined,
  }));
  return [...inputs, ...packages];
}

/** Equal keys promise equal artifacts. */
function outcomes(stage: string, before: FinishedEntry, now: FinishedEntry): Cause[] {
  const after = new Map(artifactsOf(now.output).map(({ path, digest }) => [path, digest]));
  return artifactsOf(before.output).flatMap(({ path, digest }): Cause[] => {
    const other = after.get(path);
    if (other === digest) return [];
    const is = other === undefined ? undefined : short(other);
    return [{ stage, kind: "outcome", what: path, before: short(digest), now: is }];
  });
}

async function finishedStages(
  workspace: Workspace,
  id: string,
): Promise<Map<string, FinishedEntry>> {
  const found = new Map<string, FinishedEntry>();
  for (const entry of await readRunJournal(workspace, id))
    if (entry.type === "finished") found.set(entry.id, entry);
  return found;
}

async function partsOf(workspace: Workspace, entry: FinishedEntry): Promise<KeyParts | undefined> {
  if (entry.parts !== undefined) return entry.parts;
  const record = await readRecord(join(workspace.cache, `${entry.key}.json`));
  return typeof record === "string" ? undefined : record.parts;
}

/** All references to artifacts within a value. */
function artifactsOf(
  value: unknown,
  path = "",
): { readonly path: string; readonly digest: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const { $artifact: kind, digest } = value as Readonly<Record<string, Json | undefined>>;
  if (typeof kind === "string" && typeof digest === "string") return [{ path, digest }];
  return Object.entries(value).flatMap(([key, field]) =>
    artifactsOf(field, path === "" ? key : `${path}.${key}`),
  );
}
