import {
  fromJson,
  isArtifact,
  readRunJournal,
  type Artifact,
  type Workspace,
} from "@moonlight-rl/pipeline";

/** Finds the artifacts that a run's stages have made; undefined for what was not reached. */
export async function runArtifacts(
  workspace: Workspace,
  id: string,
): Promise<(stage: string, field: string) => Promise<Artifact | undefined>> {
  const outputs = new Map<string, unknown>();
  for (const entry of await readRunJournal(workspace, id))
    if (entry.type === "finished") outputs.set(entry.id, entry.output);
  return async (stage, field) => {
    const output = outputs.get(stage);
    if (typeof output !== "object" || output === null) return undefined;
    const value = await fromJson(output[field as keyof typeof output], workspace);
    return isArtifact(value) ? value : undefined;
  };
}
