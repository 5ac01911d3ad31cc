import type { LogEvent } from "../log-event.ts";
import type { WatchPhase } from "./watch-event.ts";

/** What an event says about the phases. */
export interface PhaseSign {
  /** The phase that begins, if one does; `rollout` stands for the first one as well. */
  readonly phase?: Exclude<WatchPhase, "first-rollout">;
  /** The job has moved on. */
  readonly progress: boolean;
}

const STILL: PhaseSign = { progress: false };
const MOVED: PhaseSign = { progress: true };
const moved = (phase: Exclude<WatchPhase, "first-rollout">): PhaseSign => ({
  phase,
  progress: true,
});

/** Timers of the training process that begin a phase; others (`sleep`, `wake_up`, …) are progress within one. */
const TIMERS: Readonly<Record<string, Exclude<WatchPhase, "first-rollout">>> = {
  train: "training",
  data_preprocess: "training",
  ref_log_probs: "training",
  log_probs: "training",
  actor_train: "training",
  critic_train: "training",
  save_model: "saving",
  update_weights: "weight-update",
  rollout: "rollout",
  eval_rollout: "evaluation",
};

/** Methods of the training actors, which the framework's structured lines name. */
const METHODS: Readonly<Record<string, Exclude<WatchPhase, "first-rollout">>> = {
  train: "training",
  save_model: "saving",
  update_weights: "weight-update",
};

/** @param phase where the job is: starting and engines are left by nothing that also happens later */
export function phaseOf(event: LogEvent, phase: WatchPhase): PhaseSign {
  const early = phase === "starting" || phase === "engines";
  switch (event.kind) {
    case "placement":
      return phase === "starting" ? moved("starting") : MOVED;
    case "engine":
      if (
        event.action === "waiting" ||
        event.action === "unhealthy" ||
        event.action === "terminated"
      )
        return STILL;
      return early ? moved("engines") : MOVED;
    case "timer":
      return timer(event.name, event.edge, phase);
    case "structured":
      return structured(event.fields);
    case "sample":
      return moved(event.which === "eval" ? "evaluation" : "rollout");
    case "progress":
      return bar(event.task, early);
    case "perf":
      // Generation is over and its samples go to the trainers; the trainers' own report ends the training.
      return moved("training");
    case "rollout":
    case "step":
    case "multi-turn":
      return moved("training");
    case "eval":
    case "eval-skipped":
      return moved("rollout");
    case "checkpoint":
      return checkpoint(event.action);
    case "batch":
    case "abort":
    case "memory":
      return MOVED;
    case "exit":
      return moved("ending");
    default:
      return STILL;
  }
}

function timer(name: string, edge: "start" | "end", now: WatchPhase): PhaseSign {
  const phase = TIMERS[name];
  if (phase === undefined) return MOVED;
  if (edge === "start") return moved(phase);
  // What comes next may have said so already: the processes' lines overtake each other.
  return phase === "weight-update" && now === phase ? moved("rollout") : MOVED;
}

function structured(fields: Readonly<Record<string, string>>): PhaseSign {
  if (fields["op"] === "health") return STILL;
  const phase = METHODS[fields["fn"] ?? fields["op"] ?? ""];
  return phase !== undefined && fields["phase"] === "start" ? moved(phase) : MOVED;
}

function bar(task: string, early: boolean): PhaseSign {
  if (task.startsWith("Eval ")) return moved("evaluation");
  if (task.startsWith("Rollout generation")) return moved("rollout");
  return early ? moved("engines") : MOVED;
}

function checkpoint(action: string): PhaseSign {
  if (action === "saving" || action === "scheduled") return moved("saving");
  return MOVED;
}
