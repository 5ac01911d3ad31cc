import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removePath, UsageError } from "@moonlight-rl/core";
import type { LaunchPlan } from "../launch/launch-plan.ts";

/** Names of variables that hold secrets; `…_PATH`, `…_FILE` hold where one is. */
const SECRET_NAME = /(?:^|_)(?:TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i;
const SECRET_FLAG = /^--(?:.*-)?(?:api-key|wandb-key|password|secret)$/;
/** Shorter values are found in innocent text. */
const SHORTEST = 8;

/**
 * Ray keeps a job's command and environment and shows them to whoever asks, so no secret may be in them: neither by
 * its name, nor by the value of a secret variable of this process.
 *
 * @throws UsageError TRAIN_SECRET_IN_JOB naming where it is, never what it is
 */
export function refuseSecrets(
  { argv, env }: Pick<LaunchPlan, "argv" | "env">,
  own: NodeJS.ProcessEnv = process.env,
): void {
  const named = Object.keys(env).find((name) => SECRET_NAME.test(name) && env[name] !== "");
  if (named !== undefined) throw inJob(`runtime.env.${named}`);
  const flag = argv
    .map((word) => word.split("=", 1)[0] ?? "")
    .find((word) => SECRET_FLAG.test(word));
  if (flag !== undefined) throw inJob(flag);
  const text = JSON.stringify([argv, env]);
  for (const [name, value = ""] of Object.entries(own))
    if (
      SECRET_NAME.test(name) &&
      value.length >= SHORTEST &&
      text.includes(JSON.stringify(value).slice(1, -1))
    )
      throw inJob(`the value of ${name}`);
}

function inJob(field: string): UsageError {
  return new UsageError(
    "TRAIN_SECRET_IN_JOB",
    `The job would hold a secret (${field}), and Ray shows jobs to whoever asks.`,
    {
      field,
      hint: "Leave it out of the recipe: a Ray head that is started here has this process's environment; on a cluster set it on the nodes.",
    },
  );
}

/** Secrets that a job needs, as files that only this user can read; the job is told where they are. */
export interface SecretFiles {
  /** Variables of the job, without secrets. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/**
 * The W&B key for jobs of a cluster that has not this process's environment: in a netrc file, which W&B's client reads
 * where `NETRC` points. The folder must be on a disk that the nodes share.
 */
export async function secretFiles(
  folder: string,
  wandbHost: string | undefined,
  own: NodeJS.ProcessEnv = process.env,
): Promise<SecretFiles> {
  const key = own["WANDB_API_KEY"];
  if (wandbHost === undefined || key === undefined || key === "")
    return { env: {}, remove: () => Promise.resolve() };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "netrc");
  await removePath(file);
  await writeFile(file, `machine ${wandbHost}\n  login user\n  password ${key}\n`, { mode: 0o600 });
  return { env: { NETRC: file }, remove: () => removePath(file) };
}
