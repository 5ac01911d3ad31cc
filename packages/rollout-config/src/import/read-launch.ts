import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { PreflightError, UsageError, writeFileAtomic, writeJsonAtomic } from "@moonlight-rl/core";
import { importArgv, importScript, modelArgs, type LaunchScript } from "@moonlight-rl/miles";
import type { HfConfig } from "@moonlight-rl/model";
import type { PlanContext } from "@moonlight-rl/pipeline";
import { modelConfig } from "../layers/model-config.ts";
import { lostSchema, type ImportInput, type ImportOutput } from "./import-schema.ts";

/** What the reference's launcher calls the model of the profile. */
const REFERENCE_NAME = "moonlight";
const MAX_BYTES = 1 << 20;

/** Reads a launch script or an argv of miles as a recipe, and writes it where it was asked for. */
export async function readLaunch(
  input: ImportInput,
  { emit }: Pick<PlanContext, "emit">,
): Promise<ImportOutput> {
  const model = await modelConfig(input.profile, input.model);
  if (model === undefined)
    throw new UsageError("MODEL_CONFIG_MISSING", `profile ${input.profile} has no model shape`, {
      field: "model",
      hint: "Pass --model with the folder that holds the model's config.json.",
    });
  const { hfConfig } = model;
  const text = input.script === "-" ? await textOf(process.stdin) : await read(input.script);
  const launch = isScript(text)
    ? await launchOf(text, input, hfConfig)
    : { argv: linesOf(text, input.script), environment: {}, unknownEnvironment: [], skipped: [] };
  const imported = importArgv(launch.argv, hfConfig, input.profile);
  for (const flag of imported.secrets)
    emit({
      type: "warning",
      code: "IMPORT_SECRET",
      message: `${flag} holds a secret and is left out: give it to the job's environment`,
    });
  // Loaded here: no other command needs it.
  const { stringify } = await import("yaml");
  const recipe = stringify(imported.overrides);
  const files = input.out === undefined ? [] : await write(input.out, recipe, imported.record);
  return {
    recipe,
    arguments: launch.argv.length,
    extra: [...imported.extra],
    omitted: [...imported.omitted],
    secrets: [...imported.secrets],
    lost: lostSchema.array().parse(imported.lost),
    environment: { ...launch.environment },
    unknownEnvironment: [...launch.unknownEnvironment],
    skipped: [...launch.skipped],
    files,
  };
}

function isScript(text: string): boolean {
  return /\btrain(?:_async)?\.py\b/.test(text);
}

/** One argument a line, as `--render argv` prints it. */
function linesOf(text: string, file: string): string[] {
  if (!text.startsWith("-"))
    throw new UsageError(
      "SCRIPT_REFUSED",
      `${file} starts no train.py, and is no list of arguments with one on each line`,
      { file, hint: "Give the bash launcher itself, or what --render argv prints." },
    );
  return text.split(/\r?\n/).filter((line, index, all) => line !== "" || index < all.length - 1);
}

async function launchOf(
  text: string,
  input: ImportInput,
  hfConfig: HfConfig,
): Promise<LaunchScript> {
  const sources = new Map(
    await Promise.all(
      input.source.map(async (path) => [basename(path), await read(path)] as const),
    ),
  );
  const variables = Object.fromEntries(
    input.define.map((text) => [
      text.slice(0, text.indexOf("=")),
      text.slice(text.indexOf("=") + 1),
    ]),
  );
  const launch = importScript(text, input.script, {
    variables,
    source: (path) => sources.get(basename(path)),
    // The reference's table of model arguments; ours come from the config.json of that model, and of no other.
    modelArgs: (name) =>
      input.model !== undefined || name === REFERENCE_NAME ? modelArgs(hfConfig) : undefined,
  });
  // A recipe has no word for it, so that the runs of one would be others without anybody saying so.
  if (launch.program.endsWith("train_async.py"))
    throw new UsageError(
      "SCRIPT_REFUSED",
      `${input.script} starts train_async.py, which samples the next rollout while it trains on the last`,
      {
        file: input.script,
        hint: "Runs from here are train.py's: sample, then train. If that is what you want, name train.py in the script.",
      },
    );
  return launch;
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_BYTES) return await readFile(path, "utf8");
  } catch (cause) {
    throw new PreflightError(
      "FILE_UNREADABLE",
      `cannot read ${path}: ${(cause as Error).message}`,
      {
        file: path,
        cause,
      },
    );
  }
  throw new UsageError("SCRIPT_REFUSED", `${path} is too big to be a launch script`, {
    file: path,
  });
}

async function write(
  folder: string,
  recipe: string,
  record: ReturnType<typeof importArgv>["record"],
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, "recipe.yaml");
  await writeFileAtomic(file, recipe);
  if (record === undefined) return [file];
  const recordFile = join(folder, "import-record.json");
  await writeJsonAtomic(recordFile, { recipe: record.recipe, argv: [...record.argv] });
  return [file, recordFile];
}
