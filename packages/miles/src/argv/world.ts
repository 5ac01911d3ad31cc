import type { HfConfig } from "./hf-config.ts";

/** What stands behind a path, as far as the caller knows. */
export type PathKind = "file" | "directory" | "absent" | "unknown";

/** The little that the reference's validators look at in file systems; given by the caller, never read here. */
export interface FileState {
  readonly kind: (path: string) => PathKind;
  /** Text of a small configuration file; undefined where it cannot be known. */
  readonly read: (path: string) => string | undefined;
}

/** Everything outside of the argv that the verdict depends on. */
export interface World {
  /** The checkpoint's config.json; undefined: its checks are skipped. */
  readonly hfConfig: HfConfig | undefined;
  /** Where that file writes a number as a float, as `a.b`; undefined: not known. */
  readonly hfFloats: ReadonlySet<string> | undefined;
  /** Environment of the driver process. */
  readonly env: (name: string) => string | undefined;
  readonly files: FileState;
  /** CUDA compute capability of the node that runs the driver: 9 on H100 and H200. */
  readonly deviceMajor: number;
  /** Whether Python can import a module there; undefined where it cannot be known. */
  readonly importable: (module: string) => boolean | undefined;
}

/** Whether a checkpoint of this name may be a repository of the Hub: one or two parts, and no path. */
export function isRepository(name: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)?$/.test(name);
}

/** Whether the reference's class-based rollout interface is switched on. */
export function rolloutRefactor(world: World): boolean {
  const value = world.env("MILES_EXPERIMENTAL_ROLLOUT_REFACTOR");
  return value !== undefined && Number(value) !== 0;
}

/** Whether the reference's second fault-tolerant trainer is switched on. */
export function ftTrainer(world: World): boolean {
  const value = (world.env("MILES_EXPERIMENTAL_FT_TRAINER") ?? "0").toLowerCase();
  return ["1", "true", "on", "yes"].includes(value);
}

/** Whether a path is there; an unknown one counts as there, since nothing can be said against it. */
export function exists(world: World, path: string): boolean {
  return world.files.kind(path) !== "absent";
}

/** Whether a checkpoint folder has the file that names its latest iteration; unknown counts as yes. */
export function hasTracker(world: World, folder: string): boolean {
  if (!exists(world, folder)) return false;
  return exists(world, `${folder.replace(/\/+$/, "")}/latest_checkpointed_iteration.txt`);
}
