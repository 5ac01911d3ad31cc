import { writeFileAtomic } from "@moonlight-rl/core";
import { runStage, type RunnerOptions } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config";

export interface Job {
  /** Recipe file; later ones win. */
  readonly files: readonly string[];
  /** Folder with model, checkpoint and data that all nodes see by this path. */
  readonly root: string;
}

/** What the job will need: memory, disk and time, as tables. Throws where a rule of ours or of miles says that it cannot run. */
export async function planJob(
  { files, root }: Job,
  options: RunnerOptions = {},
): Promise<string | undefined> {
  const input = { files: [...files], root, render: "plan" as const };
  return (await runStage(rolloutConfig, input, options)).text;
}

/** Writes the job for sbatch. Nothing is written of a recipe that is refused. */
export async function renderJob(
  { files, root }: Job,
  file: string,
  options: RunnerOptions = {},
): Promise<string> {
  const input = { files: [...files], root, render: "slurm" as const };
  const { text = "" } = await runStage(rolloutConfig, input, options);
  await writeFileAtomic(file, `${text}\n`);
  return text;
}
