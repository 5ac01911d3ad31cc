import { formatDuration } from "@moonlight-rl/core";
import type { Hang, WatchPhase } from "./watch-event.ts";
import type { PhaseLimit } from "./watch-limits.ts";

/** Times in milliseconds of one clock, and what was seen then. */
export interface Pulse {
  readonly phase: WatchPhase;
  readonly lastLine: number;
  readonly lastProgress: number;
  /** The last line of any kind, and the last that was progress, in words. */
  readonly line: string | undefined;
  readonly progress: string | undefined;
}

const LOOK: Readonly<Record<WatchPhase, string>> = {
  starting:
    "Ray waits without bound for GPUs and CPUs: does the cluster have as many as asked for, and does another job hold them (ray status)?",
  engines:
    "Engines load weights and compile, and are waited for without bound: look at their own lines, GPU memory, and the reading speed of the checkpoint's disk.",
  "first-rollout":
    "The first rollout also compiles: look at the engines' lines (running and queued requests) and at the router's /workers.",
  rollout:
    "Do the engines still generate (requests running, tokens per second)? Does the filter throw every group away? Does the reward function wait for a server?",
  training:
    "All ranks must take part: look for a rank that failed or waits (py-spy dump), and for NCCL lines; a collective gives up after its own timeout.",
  saving: "Look at the disk: is it full, and how fast is it written? A network disk may hang.",
  "weight-update":
    "Trainers and engines exchange weights: is an engine dead (its health check), or a rank in another collective?",
  evaluation:
    "As in a rollout: do the engines still generate, does the grader wait, are responses allowed to be much longer than in training?",
  ending:
    "The last rollout is over: engines and actors are being stopped; nothing is lost by stopping the job.",
};

/** The hang that a moment shows: nothing came, or nothing that counts, for longer than the phase may be still. */
export function findHang(pulse: Pulse, limit: PhaseLimit, now: number): Hang | undefined {
  const { phase, line, progress } = pulse;
  const silent = (now - pulse.lastLine) / 1000;
  if (silent > limit.silent)
    return {
      type: "hang",
      state: "hung",
      phase,
      manner: "silent",
      seconds: silent,
      limit: limit.silent,
      last: line,
      message: `no line for ${formatDuration(silent)} in phase ${phase}${lastWas(line)}`,
      look: LOOK[phase],
    };
  const stuck = (now - pulse.lastProgress) / 1000;
  if (stuck > limit.stuck)
    return {
      type: "hang",
      state: "hung",
      phase,
      manner: "stuck",
      seconds: stuck,
      limit: limit.stuck,
      last: progress,
      message: `lines come, but none of progress for ${formatDuration(stuck)} in phase ${phase}${lastWas(progress)}`,
      look: LOOK[phase],
    };
  return undefined;
}

function lastWas(line: string | undefined): string {
  return line === undefined ? "; there was none before" : `; last was “${line}”`;
}
