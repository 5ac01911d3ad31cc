import type { Emit } from "@moonlight-rl/core";
import type { Artifact, JsonObject } from "../artifact/artifact.ts";

export interface ExecOptions {
  /** Working folder; default the scratch folder. */
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text for the child's standard input; default none. */
  readonly input?: string;
  /** Gets each line as it comes. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** false = a non-zero exit code is returned, not thrown; default true. */
  readonly reject?: boolean;
  /** Ends this child alone, with all that it started; the call then throws `INTERRUPTED`. */
  readonly signal?: AbortSignal;
  /** false = what it writes goes to `onLine` only, for one that runs long; default true. */
  readonly keepOutput?: boolean;
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs a program, never through a shell; audited as log events with secrets redacted; killed with us. */
export type Exec = (
  command: string,
  args?: readonly string[],
  options?: ExecOptions,
) => Promise<ExecResult>;

export interface Secrets {
  /** The value of an environment variable; from then on it is redacted from events, logs and records. */
  get(name: string): string | undefined;
}

export interface Clock {
  readonly now: () => Date;
}

export interface FileDigest {
  readonly sha256: string;
  readonly size: number;
}

export interface PublishOptions {
  /** What changes the meaning of the files; part of the identity. */
  readonly meta?: JsonObject;
  /** Digests that were computed along the way, by path relative to the folder; the other files are read and hashed. */
  readonly digests?: Readonly<Record<string, FileDigest>>;
  /** Version of the kind's layout; default 1. */
  readonly kindVersion?: number;
}

/** What `resolve` and `plan` may use: nothing here writes. */
export interface PlanContext {
  /** Absolute path of the workspace folder. */
  readonly workspace: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** The scratch folder that a run would use, with what an interrupted one has left; unknown until the key is, or absent. */
  readonly scratch?: string;
}

/** What `run` may use beside its input. */
export interface StageContext extends PlanContext {
  /** A folder that is stable per cache key: it survives a failure or kill -9 and is removed after success. */
  readonly scratch: string;
  /** The stage's cached output for this key, when `delivered` has said that it is not all that is asked for. */
  readonly cached?: unknown;
  readonly exec: Exec;
  /** Moves a folder of `scratch` into the store as an artifact. An equal artifact that exists already is reused. */
  readonly publish: <K extends string>(
    kind: K,
    folder: string,
    options?: PublishOptions,
  ) => Promise<Artifact<K>>;
}

/** One thing that a stage would do. */
export interface PlanAction {
  /** What, as a short sentence: "download 12 files". */
  readonly title: string;
  /** More about it; lines end with "\n". */
  readonly detail?: string;
  /** The same for machines: it is in the output of `--json`. */
  readonly data?: JsonObject;
  /** Bytes that are read, sent or received. */
  readonly bytes?: number;
  /** Bytes of disk that it needs in the workspace. */
  readonly diskBytes?: number;
  /** Predicted duration. */
  readonly seconds?: number;
  /** The exact command, program first. */
  readonly command?: readonly string[];
}
