import { listRuns, runSeconds, type RunSummary } from "@moonlight-rl/pipeline";
import type { RunAnswer, RunLine, StageState } from "../api/run.ts";
import { referencesIn } from "../files/references.ts";
import { RunView, type Finished } from "./run-view.ts";
import type { StageTrack } from "./stage-track.ts";

/** A run in a list. */
export function runLine(run: RunSummary, now: Date): RunLine {
  const { id, pipeline, status, started, finished, params, error } = run;
  return {
    id,
    pipeline,
    status,
    started,
    seconds: runSeconds(run, now) ?? 0,
    params,
    ...(finished === undefined ? {} : { finished }),
    ...(error === undefined ? {} : { error }),
  };
}

/** A run with its graph as it stands. */
export async function describeRun(view: RunView, now: Date): Promise<RunAnswer> {
  const { position, stages: tracks, alarms } = await view.events.refresh();
  const [run, finished] = [await view.record(), await view.finished()];
  if (run.status !== "running") for (const track of tracks.values()) track.abandon();
  const ids = new Set([...tracks.keys(), ...finished.keys()]);
  const stages = [...ids].map((id) => stageState(id, tracks.get(id), finished.get(id), now));
  if (run.status !== "ok")
    for (const [id, stage] of await expectedStages(view, run))
      if (!ids.has(id)) stages.push(waiting(id, stage));
  const { versions, host, git } = run;
  return {
    ...runLine(run, now),
    versions,
    host: Object.fromEntries(
      Object.entries(host).filter(
        (entry): entry is [string, string | number] => entry[1] !== undefined,
      ),
    ),
    ...(git === undefined ? {} : { git }),
    stages,
    edges: edgesOf(stages),
    warnings: alarms.total,
    position,
  };
}

function stageState(
  id: string,
  track: StageTrack | undefined,
  finished: Finished | undefined,
  now: Date,
): StageState {
  const journal = track === undefined || track.state !== "running" ? finished : undefined;
  const state = track?.state ?? (finished?.reused === true ? "reused" : "ok");
  const seconds =
    state === "running" && track?.started !== undefined
      ? Math.max(0, (now.getTime() - Date.parse(track.started)) / 1000)
      : (track?.seconds ?? journal?.seconds);
  const input = track?.input ?? finished?.parts?.input;
  const output = state === "running" ? undefined : (track?.output ?? finished?.output);
  const links = (value: unknown): StageState["inputs"] =>
    referencesIn(value).map(({ field, kind, digest }) => ({ field, kind, digest }));
  const optional = {
    stage: finished?.stage,
    key: track?.key ?? finished?.key,
    reason: track?.reason,
    started: track?.started,
    finished: track?.finished ?? finished?.time,
    seconds,
    error: track?.error,
  };
  return {
    id,
    state,
    tasks: track?.tasks() ?? [],
    warnings: track?.warnings ?? 0,
    inputs: links(input),
    outputs: links(output),
    ...given(optional),
  };
}

function waiting(id: string, stage: string): StageState {
  return { id, stage, state: "waiting", tasks: [], warnings: 0, inputs: [], outputs: [] };
}

/** The stages of the newest run of the same pipeline that came to its end. */
async function expectedStages(view: RunView, run: RunSummary): Promise<[string, string][]> {
  const runs = await listRuns(view.workspace);
  const model = runs
    .filter(
      ({ id, pipeline, status }) => id !== run.id && pipeline === run.pipeline && status === "ok",
    )
    .at(-1);
  if (model === undefined) return [];
  const stages = await new RunView(view.workspace, model.id).finished();
  return [...stages].map(([id, { stage }]) => [id, stage]);
}

function edgesOf(stages: readonly StageState[]): RunAnswer["edges"] {
  const edges = new Map<string, RunAnswer["edges"][number]>();
  for (const to of stages)
    for (const { digest } of to.inputs)
      for (const from of stages) {
        const made =
          from.id === to.id ? undefined : from.outputs.find((out) => out.digest === digest);
        if (made === undefined) continue;
        edges.set(`${from.id} ${to.id} ${made.kind}`, {
          from: from.id,
          to: to.id,
          kind: made.kind,
        });
      }
  return [...edges.values()];
}

function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as never;
}
