import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import {
  PreflightError,
  UsageError,
  VerificationError,
  writeFileAtomic,
  writeJsonAtomic,
} from "@moonlight-rl/core";
import { importArgv, importScript, modelArgs, type LaunchScript } from "@moonlight-rl/miles";
import type { HfConfig } from "@moonlight-rl/model";
import { artifact, defineSubcommand } from "@moonlight-rl/pipeline";
import { PROFILE_NAMES } from "@moonlight-rl/recipe";
import { z } from "zod";
import { modelConfig } from "../layers/model-config.ts";

const MAX_BYTES = 1 << 20;

const lostSchema = z.object({ dest: z.string(), said: z.json(), rendered: z.json() });

/** `moonlight import SCRIPT|-`: a launch script or an argv of miles as a recipe. */
export const importCommand = defineSubcommand({
  name: "import",
  title: "Read a miles launch script, or an argv with one argument a line, as a recipe.",
  examples: [
    "run-moonlight.sh > recipe.yaml",
    "run.sh --define BASE_DIR=/data --out imported",
    "-",
  ],
  input: z.strictObject({
    script: z
      .string()
      .min(1)
      .describe("launch script, argv file (one argument a line), or - for standard input"),
    define: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*=/, "expected NAME=VALUE"))
      .default([])
      .describe("variable that the script expects, as NAME=VALUE"),
    source: z
      .array(z.string().min(1))
      .default([])
      .describe("file that the script sources; told apart by its name"),
    profile: z
      .enum(PROFILE_NAMES)
      .default("moonlight-16b-a3b")
      .describe("profile below the recipe"),
    model: artifact("hf-model")
      .optional()
      .describe("folder with the model's config.json, when it is not the profile's"),
    out: z
      .string()
      .min(1)
      .optional()
      .describe("folder to write recipe.yaml and import-record.json to"),
  }),
  positionals: ["script"],
  output: z.object({
    recipe: z.string(),
    arguments: z.int(),
    extra: z.array(z.string()),
    omitted: z.array(z.string()),
    secrets: z.array(z.string()),
    lost: z.array(lostSchema),
    environment: z.record(z.string(), z.string()),
    unknownEnvironment: z.array(z.string()),
    skipped: z.array(z.object({ file: z.string(), line: z.int(), text: z.string() })),
    files: z.array(z.string()),
  }),
  async run(input, { emit }) {
    const hfConfig = await modelConfig(input.profile, input.model);
    if (hfConfig === undefined)
      throw new UsageError("MODEL_CONFIG_MISSING", `profile ${input.profile} has no model shape`, {
        field: "model",
        hint: "Pass --model with the folder that holds the model's config.json.",
      });
    const text = input.script === "-" ? await textOf(process.stdin) : await read(input.script);
    const launch = isScript(text)
      ? await launchOf(text, input, hfConfig)
      : { argv: linesOf(text), environment: {}, unknownEnvironment: [], skipped: [] };
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
  },
  present: ({
    recipe,
    extra,
    omitted,
    skipped,
    environment,
    unknownEnvironment,
    arguments: count,
  }) =>
    [
      `# Imported from ${count} arguments of miles.`,
      ...(extra.length === 0
        ? []
        : ["# Kept as runtime.extraArgs: flags that no field of the recipe says."]),
      ...(omitted.length === 0
        ? []
        : ["# Kept as runtime.omitFlags: flags that the recipe would have added."]),
      ...skipped.map(({ line, text }) => `# Not followed, line ${line}: ${text}`),
      ...Object.entries(environment).map(
        ([name, value]) => `# Environment: ${name}=${oneLine(value)}`,
      ),
      ...unknownEnvironment.map(
        (name) => `# Environment: ${name} is only known when the script runs`,
      ),
      recipe.trimEnd(),
    ].join("\n"),
  verdict: ({ lost }) =>
    lost.length === 0
      ? undefined
      : new VerificationError(
          "IMPORT_LOST",
          `The recipe says otherwise than the argv: ${lost.map(({ dest }) => dest).join(", ")}.`,
          { hint: "Keep the argv itself, and report these flags." },
        ),
});

function isScript(text: string): boolean {
  return /\btrain(?:_async)?\.py\b/.test(text);
}

/** One argument a line, as `--render argv` prints it. */
function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line, index, all) => line !== "" || index < all.length - 1);
}

async function launchOf(
  text: string,
  input: { readonly script: string; readonly define: string[]; readonly source: string[] },
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
  return importScript(text, input.script, {
    variables,
    source: (path) => sources.get(basename(path)),
    // The reference's table of model arguments; ours come from the model's config.json.
    modelArgs: () => modelArgs(hfConfig),
  });
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

function oneLine(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
