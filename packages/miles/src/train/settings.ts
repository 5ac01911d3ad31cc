/** How a job of miles is run, beside what the recipe says of it. */
export interface MilesSettings {
  /** Job server of a running cluster (`http://head:8265`); undefined: a Ray head of our own on this machine. */
  readonly rayAddress?: string;
  /** miles' folder on the nodes; default `launch.milesPath` of the recipe. */
  readonly milesPath?: string;
  /** Interpreter with miles' packages; default `launch.python` of the recipe. */
  readonly python?: string;
  /** What a Ctrl-C means for the job; default `ask` (at a terminal, else `stop`). */
  readonly onInterrupt?: "ask" | "stop" | "detach";
  /** How often a failed job is tried again without a new checkpoint in between; default 2. */
  readonly retries?: number;
  /** What a hang leads to; default `warn`. */
  readonly onHang?: "warn" | "restart";
  /** Minutes of stillness that are a hang, in every phase; default: the phase's own limit (`DEFAULT_PHASE_LIMITS`). */
  readonly hangMinutes?: number;
  /** How many good checkpoints stay; default all. */
  readonly keepCheckpoints?: number;
  /** What becomes of a job whose machines lack something: it is not submitted (default), or it is only said. */
  readonly preflight?: "require" | "warn" | "off";
  /** Seconds between two looks at the job; default 2. */
  readonly pollSeconds?: number;
}
