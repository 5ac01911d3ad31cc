import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isMoonlightError, UsageError, validate } from "@moonlight-rl/core";
import { configSchema, type MoonlightConfig } from "./config.ts";

const NAMES = ["moonlight.config.json", "moonlight.config.mjs", "moonlight.config.ts"];

export interface LoadedConfig {
  /** Absolute path. */
  readonly file: string;
  readonly config: MoonlightConfig;
}

export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--config`. */
  readonly file?: string | undefined;
  readonly cwd?: string;
}

/**
 * The user's configuration: `--config`, else MOONLIGHT_CONFIG ("none": no file at all), else the nearest
 * `moonlight.config.{json,mjs,ts}` of the current folder and those above it.
 *
 * Errors: `CONFIG_MISSING`, `CONFIG_AMBIGUOUS`, `CONFIG_TYPESCRIPT`, `CONFIG_INVALID`.
 */
export async function loadConfig({
  env,
  file,
  cwd = process.cwd(),
}: LoadOptions): Promise<LoadedConfig | undefined> {
  const named = file ?? (env["MOONLIGHT_CONFIG"] || undefined);
  if (named === "none") return undefined;
  const path = named === undefined ? findConfig(cwd) : resolve(cwd, named);
  if (path === undefined) return undefined;
  if (!existsSync(path)) {
    throw new UsageError("CONFIG_MISSING", `There is no configuration file ${path}.`, {
      file: path,
      hint: "Mend --config or MOONLIGHT_CONFIG; none goes without.",
    });
  }
  const said = await readConfig(path);
  const checked = validate(configSchema, said, {
    what: "configuration",
    file: path,
    code: "CONFIG_INVALID",
  });
  // What was said, not the defaults that the schema has filled in: those are no choices of this file.
  const chosen = Object.keys((said as MoonlightConfig).run ?? {});
  const run = Object.fromEntries(
    Object.entries(checked.run ?? {}).filter(([field]) => chosen.includes(field)),
  );
  return { file: path, config: beside(path, { ...checked, run } as MoonlightConfig) };
}

function findConfig(from: string): string | undefined {
  for (let at = resolve(from); ; at = dirname(at)) {
    const found = NAMES.map((name) => join(at, name)).filter((path) => existsSync(path));
    if (found.length > 1) {
      throw new UsageError("CONFIG_AMBIGUOUS", `${at} has several configuration files.`, {
        file: found[0] ?? at,
        hint: `Keep one of ${found.map((path) => path.slice(at.length + 1)).join(", ")}, or name it with --config.`,
      });
    }
    if (found[0] !== undefined) return found[0];
    if (dirname(at) === at) return undefined;
  }
}

async function readConfig(path: string): Promise<unknown> {
  try {
    if (path.endsWith(".json")) return JSON.parse(await readFile(path, "utf8")) as unknown;
    if (/\.[cm]?ts$/.test(path) && !stripsTypes()) throw noTypeScript(path);
    const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    return module.default;
  } catch (cause) {
    if (isMoonlightError(cause)) throw cause;
    throw new UsageError("CONFIG_INVALID", `${path} cannot be read: ${(cause as Error).message}`, {
      file: path,
      hint: "Its default export (or its JSON) is the configuration.",
      cause,
    });
  }
}

/** Node 22.18 and 23.6 on do by themselves; older ones with a loader, which says so, too. */
function stripsTypes(): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown };
  return (
    typeof typescript === "string" || process.execArgv.some((flag) => /ts|strip-types/.test(flag))
  );
}

function noTypeScript(file: string): UsageError {
  return new UsageError(
    "CONFIG_TYPESCRIPT",
    `Node ${process.versions.node} does not read TypeScript, so ${file} cannot be loaded.`,
    {
      file,
      hint: "Use Node 22.18 or newer, or name it moonlight.config.mjs and leave out the types.",
    },
  );
}

/** Paths count from the file, wherever the command is run. */
function beside(file: string, config: MoonlightConfig): MoonlightConfig {
  const from = (path: string): string => resolve(dirname(file), path);
  const { workspace, run } = config;
  return {
    ...config,
    ...(workspace === undefined ? {} : { workspace: from(workspace) }),
    ...(run === undefined
      ? {}
      : { run: { ...run, ...(run.files && { files: run.files.map(from) }) } }),
  };
}
