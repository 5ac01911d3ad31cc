import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PreflightError, sha256 } from "@moonlight-rl/core";
import { execa } from "execa";

/** Environments stay here between runs; `npm ci` clears them. */
const CACHE = fileURLToPath(
  new URL("../../../../node_modules/.cache/moonlight-rl/", import.meta.url),
);
const COMPLETE = ".complete";

export interface EnvironmentOptions {
  /** Distinguishes environments; one of each name is kept. */
  readonly name: string;
  readonly signal?: AbortSignal;
  readonly note?: (text: string) => void;
}

/**
 * A Python environment with what a requirements file pins, made once and used again until the file or Python's version
 * changes. Returns its `bin` folder.
 *
 * Errors: `PYTHON_MISSING`, `ENVIRONMENT_FAILED`.
 */
export async function pythonEnvironment(
  options: EnvironmentOptions & { readonly requirements: string },
): Promise<string> {
  const version = await execa("python3", ["--version"], { reject: false });
  if (version.exitCode !== 0)
    throw new PreflightError("PYTHON_MISSING", "There is no python3", {
      hint: "Install Python 3.11 or later with its venv module.",
    });
  const pins = await readFile(options.requirements, "utf8");
  const folder = await environment(
    "python",
    options,
    `${version.stdout}\n${pins}`,
    async (folder) => {
      await execa("python3", ["-m", "venv", folder], cancelled(options));
      await execa(
        join(folder, "bin", "python"),
        [
          "-m",
          "pip",
          "install",
          "--quiet",
          "--disable-pip-version-check",
          "-r",
          options.requirements,
        ],
        cancelled(options),
      );
    },
  );
  return join(folder, "bin");
}

export interface NpmEnvironmentOptions extends EnvironmentOptions {
  /** "name@1.2.3" */
  readonly package: string;
  /** Versions of what it depends on, where its own choice cannot be had from every registry. */
  readonly overrides?: Readonly<Record<string, string>>;
}

/** A folder with an npm package of exactly that version in its `node_modules`. */
export async function npmEnvironment(options: NpmEnvironmentOptions): Promise<string> {
  const { overrides = {} } = options;
  const content = `${options.package}\n${JSON.stringify(overrides)}`;
  return await environment("npm", options, content, async (folder) => {
    await mkdir(folder, { recursive: true });
    const manifest = { private: true, type: "module", overrides };
    await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest)}\n`);
    await execa(
      "npm",
      ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", options.package],
      { ...cancelled(options), cwd: folder },
    );
  });
}

/** Made in place, as neither kind can be moved; the marker comes last, so half of one is made anew. */
async function environment(
  kind: string,
  { name, note }: EnvironmentOptions,
  content: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const parent = join(CACHE, kind);
  const id = `${name}-${sha256(content).slice(0, 12)}`;
  const folder = join(parent, id);
  const marker = join(folder, COMPLETE);
  if ((await readFile(marker, "utf8").catch(() => "")) === content) return folder;
  note?.(`making the ${kind} environment ${name} (once)`);
  await mkdir(parent, { recursive: true });
  for (const old of await readdir(parent))
    if (/^-[0-9a-f]{12}$/.test(old.slice(name.length)) && old.startsWith(name))
      await rm(join(parent, old), { recursive: true, force: true });
  try {
    await make(folder);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    const why = (cause as { readonly stderr?: string }).stderr?.trim().split("\n").at(-1);
    throw new PreflightError(
      "ENVIRONMENT_FAILED",
      `The ${kind} environment ${name} could not be made: ${why ?? String(cause)}`,
      { hint: "It is installed with pip or npm: is a registry in reach?", cause },
    );
  }
  await writeFile(marker, content);
  return folder;
}

function cancelled({ signal }: EnvironmentOptions): {
  cancelSignal?: AbortSignal;
  stdin: "ignore";
} {
  return { stdin: "ignore", ...(signal === undefined ? {} : { cancelSignal: signal }) };
}
