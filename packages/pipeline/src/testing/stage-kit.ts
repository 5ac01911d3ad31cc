import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { eventSchema, removePath, type MoonlightEvent } from "@moonlight-rl/core";
import type { Artifact, JsonObject } from "../artifact/artifact.ts";
import { publishArtifact } from "../artifact/publish.ts";
import { planStage, type PlannedStage } from "../plan/plan-stage.ts";
import { runStage } from "../runner/run-stage.ts";
import type { RunnerOptions } from "../runner/session.ts";
import type { Stage, StageInput, StageOutput } from "../stage/define-stage.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** One stage in a temporary workspace of its own. */
export interface StageKit<S extends Stage> {
  readonly workspace: Workspace;
  /** A temporary folder beside the workspace, for input files. */
  readonly folder: string;
  /** All events so far; each was checked against the event schema. */
  readonly events: readonly MoonlightEvent[];
  run(input: StageInput<S>, options?: RunnerOptions): Promise<StageOutput<S>>;
  plan(input: StageInput<S>): Promise<PlannedStage>;
  /** Writes files into a new plain folder and returns its path. */
  files(files: Files): Promise<string>;
  /** Publishes files as an artifact of the workspace: an input for the stage. */
  artifact<K extends string>(
    kind: K,
    files: Files,
    options?: { readonly meta?: JsonObject; readonly kindVersion?: number },
  ): Promise<Artifact<K>>;
}

/**
 * Gives `use` a kit for the stage; the temporary workspace is removed afterwards. Needs no test framework.
 *
 * @example
 * import { toTorchDist } from "@moonlight-rl/convert";
 * import { adoptArtifact } from "@moonlight-rl/pipeline";
 * import { withStage } from "@moonlight-rl/pipeline/testing";
 *
 * await withStage(toTorchDist, async (kit) => {
 *   const { checkpoint } = await kit.run({ model: await adoptArtifact("hf-model", "./tiny-moonlight") });
 *   console.log(checkpoint.path, kit.events.length);
 * });
 */
export async function withStage<S extends Stage, T>(
  stage: S,
  use: (kit: StageKit<S>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "moonlight-stage-"));
  try {
    return await use(createKit(stage, folder));
  } finally {
    await removePath(folder);
  }
}

function createKit<S extends Stage>(stage: S, folder: string): StageKit<S> {
  const workspace = openWorkspace(join(folder, "workspace"));
  const events: MoonlightEvent[] = [];
  const broken: unknown[] = [];
  const base: RunnerOptions = {
    workspace: workspace.root,
    onEvent: (event) => {
      // Listeners must not throw, so what is wrong is told once the stage has ended.
      const parsed = eventSchema.safeParse(JSON.parse(JSON.stringify(event)));
      if (!parsed.success) broken.push(parsed.error);
      events.push(event);
    },
  };
  const checked = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    if (broken.length > 0) throw broken[0];
    return result;
  };
  const files = async (content: Files): Promise<string> => {
    const root = join(folder, randomUUID());
    await writeFiles(root, content);
    return root;
  };
  return {
    workspace,
    folder,
    events,
    files,
    run: (input, options = {}) => checked(runStage(stage, input, { ...base, ...options })),
    plan: (input) => checked(planStage(stage, input, base)),
    artifact: async (kind, content, options = {}) => {
      const scratch = join(folder, randomUUID());
      const source = join(scratch, "files");
      await writeFiles(source, content);
      const provenance = { contract: 1, producer: { stage: "test" } };
      return (await publishArtifact({
        ...options,
        workspace,
        kind,
        folder: source,
        scratch,
        provenance,
      })) as never;
    },
  };
}

async function writeFiles(root: string, files: Files): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
