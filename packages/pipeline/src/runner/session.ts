import { setMaxListeners } from "node:events";
import type { EventListener } from "./event-sink.ts";
import { EventSink } from "./event-sink.ts";
import { Redactor } from "./redactor.ts";
import type { Clock, PlanContext } from "../stage/context.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";

/** What callers of stages, runs and plans may set. */
export interface RunnerOptions {
  /** Workspace folder; default MOONLIGHT_WORKSPACE, else `.moonlight`. */
  readonly workspace?: string;
  /** Ignore cached results (they are replaced). */
  readonly force?: boolean;
  /** Ids of stages that may not run: without a result to reuse there is an error. `force` does not reach them. */
  readonly mustReuse?: readonly string[];
  /** Read every file of a cached artifact, not only sizes. */
  readonly verifyDigests?: boolean;
  readonly signal?: AbortSignal;
  readonly onEvent?: EventListener;
  /** Environment for secrets and defaults; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
}

/** What the stages of one call or one run share. */
export interface Session {
  readonly workspace: Workspace;
  readonly force: boolean;
  readonly mustReuse: ReadonlySet<string>;
  readonly verifyDigests: boolean;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly sink: EventSink;
  readonly run: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface SessionOptions extends RunnerOptions {
  readonly run?: string;
  readonly listeners?: readonly EventListener[];
}

export function createSession(options: SessionOptions): Session {
  const env = options.env ?? process.env;
  const clock = options.clock ?? { now: () => new Date() };
  const redactor = new Redactor(env);
  const listeners = [...(options.listeners ?? [])];
  if (options.onEvent !== undefined) listeners.push(options.onEvent);
  return {
    workspace: openWorkspace(options.workspace, env),
    force: options.force ?? false,
    mustReuse: new Set(options.mustReuse),
    verifyDigests: options.verifyDigests ?? false,
    signal: sharedSignal(options.signal),
    clock,
    redactor,
    sink: new EventSink({
      clock,
      redactor,
      listeners,
      ...(options.run === undefined ? {} : { run: options.run }),
    }),
    run: options.run,
    env,
  };
}

/** Parts of a stage that work side by side listen to one signal each: hundreds of listeners are no leak, so Node shall not warn. */
function sharedSignal(asked: AbortSignal | undefined): AbortSignal {
  const signal = AbortSignal.any(asked === undefined ? [] : [asked]);
  setMaxListeners(0, signal);
  return signal;
}

/** The read-only context of a stage within a session. */
export function planContext(session: Session, id: string): PlanContext {
  return {
    workspace: session.workspace.root,
    signal: session.signal,
    emit: session.sink.emitter(id),
    secrets: session.redactor,
    clock: session.clock,
  };
}
