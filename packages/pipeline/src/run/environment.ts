import { execFile } from "node:child_process";
import { arch, cpus, hostname, platform, release, totalmem } from "node:os";
import { promisify } from "node:util";
import { z } from "zod";
import { codeDigest } from "../runner/package-digest.ts";
import { packageVersions } from "../runner/package-versions.ts";

type Env = Readonly<Record<string, string | undefined>>;

export const hostSchema = z.object({
  /** Only when MOONLIGHT_RECORD_HOST is set: a run's folder is handed on, and a name says where its owner works. */
  name: z.string().optional(),
  platform: z.string(),
  arch: z.string(),
  /** Release of the operating system's kernel. */
  os: z.string().optional(),
  cpu: z.string().optional(),
  /** Logical processors. */
  cpus: z.int().optional(),
  /** Bytes. */
  memory: z.number().optional(),
});

export const gitSchema = z.object({
  commit: z.string(),
  dirty: z.boolean(),
});

/** What a run depends on beside its parameters. */
export const environmentShape = {
  /** Node, our packages and the engines below them, by name. */
  versions: z.record(z.string(), z.string()),
  /** Digests of our packages as they were built, by name. */
  code: z.record(z.string(), z.string()).optional(),
  host: hostSchema,
  git: gitSchema.optional(),
};
export const environmentSchema = z.object(environmentShape);
export type Environment = z.output<typeof environmentSchema>;

/** Looks at this process: versions and code of what `from` reaches, the host, and the state of the working tree around the current folder. */
export async function currentEnvironment(
  from: readonly string[],
  env: Env = process.env,
): Promise<Environment> {
  const [git, versions, ...code] = await Promise.all([
    gitState(),
    packageVersions(from),
    ...from.map((one) => codeDigest(one)),
  ]);
  return {
    versions: { node: process.versions.node, ...versions },
    code: Object.assign({}, ...code) as Record<string, string>,
    host: hostFacts(env),
    ...(git === undefined ? {} : { git }),
  };
}

/** Name of this machine for what is handed on: only when the user asks for it. */
export function recordedHostname(env: Env = process.env): { readonly name?: string } {
  const wanted = env["MOONLIGHT_RECORD_HOST"];
  return wanted === undefined || wanted === "" || wanted === "0" ? {} : { name: hostname() };
}

function hostFacts(env: Env): Environment["host"] {
  const processors = cpus();
  const cpu = processors[0]?.model.trim();
  return {
    ...recordedHostname(env),
    platform: platform(),
    arch: arch(),
    os: release(),
    ...(cpu === undefined || cpu === "" ? {} : { cpu }),
    cpus: processors.length,
    memory: totalmem(),
  };
}

/** Commit and state of the working tree that holds the current folder; undefined outside of git. */
async function gitState(): Promise<Environment["git"]> {
  const run = promisify(execFile);
  try {
    const [commit, status] = await Promise.all([
      run("git", ["rev-parse", "HEAD"], { timeout: 2_000 }),
      run("git", ["status", "--porcelain", "--untracked-files=no"], { timeout: 2_000 }),
    ]);
    return { commit: commit.stdout.trim(), dirty: status.stdout.trim() !== "" };
  } catch {
    // No git, no repository, no commit yet or a slow disk: the run does not depend on it.
    return undefined;
  }
}

/** One fact that is not the same in two environments. */
export interface EnvironmentDifference {
  /** "node", "package @moonlight-rl/train", "code of @moonlight-rl/train", "git commit", "host cpu". */
  readonly what: string;
  readonly before: string | undefined;
  readonly now: string | undefined;
}

/** What differs, versions first, then code, working tree and host; facts that either side does not have are left out. */
export function environmentDifferences(
  before: Environment,
  now: Environment,
): EnvironmentDifference[] {
  const found: EnvironmentDifference[] = [];
  const compare = (
    a: Readonly<Record<string, Fact>>,
    b: Readonly<Record<string, Fact>>,
    label: (name: string) => string,
    both = false,
  ): void => {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const [was, is] = [text(a[name]), text(b[name])];
      if (was === is || (both && (was === undefined || is === undefined))) continue;
      found.push({ what: label(name), before: was, now: is });
    }
  };
  compare(before.versions, now.versions, (name) => (name === "node" ? name : `package ${name}`));
  if (before.code !== undefined && now.code !== undefined) {
    const own = (code: Readonly<Record<string, string>>): Record<string, string> =>
      Object.fromEntries(
        Object.entries(code).filter(([name]) => name.startsWith("@moonlight-rl/")),
      );
    compare(own(before.code), own(now.code), (name) => `code of ${name}`, true);
  }
  if (before.git !== undefined && now.git !== undefined)
    compare(before.git, now.git, (name) => `git ${name}`);
  compare(before.host, now.host, (name) => `host ${name}`, true);
  return found;
}

type Fact = string | number | boolean | undefined;

function text(value: Fact): string | undefined {
  return value === undefined ? undefined : String(value);
}
