import { basename, dirname, join } from "node:path";
import { findRun, listRuns, runFiles, type Workspace } from "@moonlight-rl/pipeline";
import { Hono } from "hono";
import { compareQuery } from "../api/compare.ts";
import { eventsQuery } from "../api/events.ts";
import { evalSamplesQuery, problemsQuery } from "../api/evals.ts";
import { logsQuery } from "../api/logs.ts";
import { seriesQuery } from "../api/metrics.ts";
import type { Fault } from "../api/fault.ts";
import { recipeQuery } from "../api/recipe.ts";
import { groupsQuery, promptQuery, rolloutsQuery, samplesQuery } from "../api/rollouts.ts";
import { runsQuery } from "../api/run.ts";
import type { WorkspaceAnswer } from "../api/workspace.ts";
import { describeArtifact, listArtifacts } from "../artifacts/lineage.ts";
import { compare } from "../compare/compare.ts";
import { Evaluations } from "../evals/evaluations.ts";
import { Recent } from "../files/recent.ts";
import { metricNames, series } from "../metrics/series.ts";
import { describeRecipe } from "../recipe/describe-recipe.ts";
import { findPrompt, listGroups, listRollouts, listSamples } from "../rollouts/browse.ts";
import { describeRun, runLine } from "../run/describe-run.ts";
import { readLogs } from "../run/logs.ts";
import { RunView } from "../run/run-view.ts";
import { faultOf } from "./answer-fault.ts";
import { eventStream } from "./event-stream.ts";
import { guard, type GuardOptions } from "./guard.ts";
import { notFound } from "./not-found.ts";
import { numberOf, queryOf } from "./query.ts";
import { serveStatic } from "./static-files.ts";

export interface AppOptions extends GuardOptions {
  readonly workspace: Workspace;
  readonly version: string;
  /** Folder of the built page. */
  readonly web: string;
  /** Ends the event streams. */
  readonly signal: AbortSignal;
}

export interface DashboardApp {
  readonly app: Hono;
  /** Why there is no page to serve; the API is there in any case. */
  readonly pageFault: Fault["error"] | undefined;
}

/** Runs whose indexes stay in memory. */
const HELD_RUNS = 16;

/** The dashboard's answers; reads the workspace and writes nothing. */
export async function createApp(options: AppOptions): Promise<DashboardApp> {
  const { workspace, version, web, signal } = options;
  const views = new Recent<RunView>(HELD_RUNS);
  const evaluations = new Evaluations();
  const viewOf = async (wanted: string): Promise<RunView> => {
    const id = await findRun(workspace, wanted);
    return views.get(id, () => new RunView(workspace, id));
  };
  const app = new Hono();
  app.onError((error, context) => {
    const { status, body } = faultOf(error);
    return context.json(body, status);
  });
  app.use(guard(options));
  app.use("/api/*", async (context, next) => {
    await next();
    context.header("cache-control", "no-store");
  });

  app.get("/api/workspace", async (context) =>
    context.json({
      version,
      name: join(basename(dirname(workspace.root)), basename(workspace.root)),
      runs: (await listRuns(workspace)).length,
      now: new Date().toISOString(),
    } satisfies WorkspaceAnswer),
  );
  app.get("/api/runs", async (context) => {
    const { offset, limit } = queryOf(context, runsQuery);
    const runs = (await listRuns(workspace)).reverse();
    const items = runs.slice(offset, offset + limit).map((run) => runLine(run, new Date()));
    return context.json({ total: runs.length, offset, items });
  });
  app.get("/api/runs/:run", async (context) =>
    context.json(await describeRun(await viewOf(context.req.param("run")), new Date())),
  );
  app.get("/api/runs/:run/events", async (context) => {
    const { from, types } = queryOf(context, eventsQuery);
    const { id } = await viewOf(context.req.param("run"));
    const last = context.req.header("last-event-id");
    context.header("content-type", "text/event-stream; charset=utf-8");
    context.header("x-accel-buffering", "no");
    if (context.req.method === "HEAD") return context.body(null);
    const position = last === undefined || last === "" ? from : numberOf(last);
    const { events } = runFiles(workspace, id);
    const wanted = types === undefined ? undefined : new Set<string>(types);
    return context.body(eventStream({ file: events, from: position, types: wanted, signal }));
  });
  app.get("/api/runs/:run/metrics", async (context) =>
    context.json(await metricNames(await viewOf(context.req.param("run")))),
  );
  app.get("/api/series", async (context) => {
    const query = queryOf(context, seriesQuery);
    return context.json(await series(await Promise.all(query.runs.map(viewOf)), query));
  });
  app.get("/api/runs/:run/rollouts", async (context) => {
    const query = queryOf(context, rolloutsQuery);
    const view = await viewOf(context.req.param("run"));
    return context.json(await listRollouts(await view.rollouts(), query));
  });
  app.get("/api/runs/:run/rollouts/:rollout/groups", async (context) => {
    const { run, rollout } = context.req.param();
    const query = queryOf(context, groupsQuery);
    const source = await (await viewOf(run)).rollouts();
    return context.json(await listGroups(source, numberOf(rollout), query));
  });
  app.get("/api/runs/:run/rollouts/:rollout/groups/:group", async (context) => {
    const { run, rollout, group } = context.req.param();
    const query = queryOf(context, samplesQuery);
    const source = await (await viewOf(run)).rollouts();
    return context.json(await listSamples(source, numberOf(rollout), numberOf(group), query));
  });
  app.get("/api/runs/:run/prompts/:prompt", async (context) => {
    const { run, prompt } = context.req.param();
    const query = queryOf(context, promptQuery);
    return context.json(await findPrompt(await (await viewOf(run)).rollouts(), prompt, query));
  });
  app.get("/api/runs/:run/evals", async (context) =>
    context.json(await evaluations.list(await viewOf(context.req.param("run")))),
  );
  app.get("/api/runs/:run/evals/:stage/:set/problems", async (context) => {
    const { run, stage, set } = context.req.param();
    const query = queryOf(context, problemsQuery);
    return context.json(await evaluations.problems(await viewOf(run), stage, set, query));
  });
  app.get("/api/runs/:run/evals/:stage/:set/samples", async (context) => {
    const { run, stage, set } = context.req.param();
    const query = queryOf(context, evalSamplesQuery);
    return context.json(await evaluations.samples(await viewOf(run), stage, set, query));
  });
  app.get("/api/runs/:run/recipe", async (context) => {
    const { against } = queryOf(context, recipeQuery);
    const other = against === undefined ? undefined : await viewOf(against);
    return context.json(await describeRecipe(await viewOf(context.req.param("run")), other));
  });
  app.get("/api/runs/:run/artifacts", async (context) =>
    context.json(await listArtifacts(await viewOf(context.req.param("run")))),
  );
  app.get("/api/artifacts/:digest", async (context) => {
    const digest = context.req.param("digest");
    if (!/^[0-9a-f]{64}$/.test(digest))
      throw notFound("An artifact is named by its digest: 64 hexadecimal digits.");
    return context.json(await describeArtifact(workspace, digest));
  });
  app.get("/api/runs/:run/logs", async (context) => {
    const query = queryOf(context, logsQuery);
    return context.json(await readLogs(await viewOf(context.req.param("run")), query));
  });
  app.get("/api/runs/:run/alarms", async (context) => {
    const { events } = await viewOf(context.req.param("run"));
    return context.json({ alarms: (await events.refresh()).alarms.list() });
  });
  app.get("/api/compare", async (context) => {
    const { a, b } = queryOf(context, compareQuery);
    return context.json(await compare(await viewOf(a), await viewOf(b), evaluations));
  });
  app.all("/api/*", () => {
    throw notFound("There is no such address under /api/.");
  });
  return { app, pageFault: await serveStatic(app, web) };
}
