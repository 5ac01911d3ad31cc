import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, VerificationError } from "@moonlight-rl/core";
import { isArtifact, type Artifact } from "../artifact/artifact.ts";
import { compare } from "../artifact/folder.ts";
import { toJson } from "../artifact/reference.ts";
import { verifyArtifact } from "../artifact/verify.ts";
import type { Stage, StageInput, StageOutput } from "../stage/define-stage.ts";
import { withStage, type StageKit } from "./stage-kit.ts";

/**
 * Holds a stage to its contract in a fresh workspace: its plan changes nothing, its events and its output match
 * their schemas, every artifact verifies byte by byte, its scratch is gone, and a second run is a cache hit with an
 * equal output (unless the stage says that it is not cacheable).
 *
 * @throws VerificationError `STAGE_CONTRACT_BROKEN` that says what does not hold; any error of the stage itself.
 */
export function checkStageContract<S extends Stage>(
  stage: S,
  input: StageInput<S> | ((kit: StageKit<S>) => Promise<StageInput<S>>),
): Promise<StageOutput<S>> {
  return withStage(stage, async (kit) => {
    const value = typeof input === "function" ? await input(kit) : input;
    return checkInKit(stage, kit, value);
  });
}

async function checkInKit<S extends Stage>(
  stage: S,
  kit: StageKit<S>,
  input: StageInput<S>,
): Promise<StageOutput<S>> {
  const before = await snapshot(kit.workspace.root);
  await kit.plan(input);
  const after = await snapshot(kit.workspace.root);
  hold(before === after, stage, "its plan changed the workspace");

  const output = await kit.run(input);
  const artifacts = artifactsIn(output);
  for (const artifact of artifacts) await verifyArtifact(artifact, { digests: true });
  const scratch = await readdir(kit.workspace.scratch).catch(() => []);
  hold(scratch.length === 0, stage, "its scratch folder was left");
  const finished = kit.events.filter((event) => event.type === "stage.finished");
  hold(finished.length === 1, stage, "it did not finish exactly once");

  const plan = await kit.plan(input);
  if (plan.reason === "not cacheable with this input") return output;
  hold(plan.status === "hit", stage, `its result is not found again: ${plan.reason}`);
  const again = await kit.run(input);
  hold(kit.events.at(-1)?.type === "stage.reused", stage, "its second run was no cache hit");
  const [a, b] = [output, again].map((value) => canonicalJson(toJson(value)));
  hold(a === b, stage, "its cached output differs from the one that it returned");
  return output;
}

function hold(holds: boolean, stage: Stage, complaint: string): void {
  if (holds) return;
  throw new VerificationError("STAGE_CONTRACT_BROKEN", `Stage ${stage.name}: ${complaint}.`);
}

function artifactsIn(value: unknown): Artifact[] {
  if (isArtifact(value)) return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(artifactsIn);
}

/** Names, sizes and times of everything in a folder. */
async function snapshot(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const lines = await Promise.all(
    entries.sort(compare).map(async (name) => {
      const status = await stat(join(folder, name));
      return `${name} ${status.size} ${status.mtimeMs}`;
    }),
  );
  return lines.join("\n");
}
