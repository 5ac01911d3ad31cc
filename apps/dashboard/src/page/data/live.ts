import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { address } from "./answer.ts";

/** Counters that grow when something of a run changed: what depends on it asks again. */
export interface Live {
  readonly state: number;
  readonly metrics: number;
  readonly rollouts: number;
  readonly logs: number;
  readonly connection: "connecting" | "live" | "lost";
}

const START: Live = { state: 0, metrics: 0, rollouts: 0, logs: 0, connection: "connecting" };
/** However fast events come, views are brought up to date no oftener. */
const PACE_MS = 1_000;
const AGAIN_MS = 3_000;

export const LiveContext = createContext<Live>(START);
export const useLive = (): Live => useContext(LiveContext);

/** Follows the events of a run from now on; nothing is followed while the tab is hidden. */
export function useEvents(run: string): Live {
  const [live, setLive] = useState<Live>(START);
  const changed = useRef(new Set<keyof Live>());
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      timer = undefined;
      const grown = new Set(changed.current);
      changed.current.clear();
      setLive((before) => ({
        state: before.state + Number(grown.has("state")),
        metrics: before.metrics + Number(grown.has("metrics")),
        rollouts: before.rollouts + Number(grown.has("rollouts")),
        logs: before.logs + Number(grown.has("logs")),
        connection: before.connection,
      }));
    };
    const note = (...kinds: readonly (keyof Live)[]): void => {
      for (const kind of kinds) changed.current.add(kind);
      timer ??= setTimeout(flush, PACE_MS);
    };
    const connect = (): void => {
      source = new EventSource(address(`/api/runs/${run}/events`, { from: "end" }));
      source.addEventListener("open", () => {
        setLive((before) => ({ ...before, connection: "live" }));
        // What happened since the first answers, or while nobody listened.
        note("state", "metrics", "rollouts", "logs");
      });
      source.addEventListener("error", () => {
        setLive((before) => ({ ...before, connection: "lost" }));
        // The browser comes back by itself from a broken connection, not from an answer that is a fault.
        if (source?.readyState !== EventSource.CLOSED) return;
        source = undefined;
        again = setTimeout(follow, AGAIN_MS);
      });
      source.addEventListener("lost", () => note("state", "metrics", "rollouts", "logs"));
      source.addEventListener("message", ({ data }: MessageEvent<string>) =>
        note(...kindsOf(JSON.parse(data) as MoonlightEvent)),
      );
    };
    const follow = (): void => {
      if (document.hidden) {
        source?.close();
        source = undefined;
        return;
      }
      if (source === undefined) connect();
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      source?.close();
      clearTimeout(timer);
      clearTimeout(again);
    };
  }, [run]);
  return live;
}

function kindsOf({ type }: MoonlightEvent): readonly (keyof Live)[] {
  switch (type) {
    case "progress":
      return ["state"];
    case "metric":
      return ["metrics", "rollouts"];
    case "sample":
      return ["rollouts"];
    case "log":
      return ["logs"];
    default:
      return ["state", "logs", "metrics", "rollouts"];
  }
}
