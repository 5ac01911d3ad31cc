import { posix } from "node:path";
import type { FileTree } from "./file-tree.ts";
import type { StageNames } from "./stage-names.ts";
import { installedPackage, readManifest } from "./workspace.ts";

const CORE = "@moonlight-rl/core";
const PIPELINE = "@moonlight-rl/pipeline";

/** `package.json` and both tsconfigs of the new package, by path within it. */
export function packageSettings(
  tree: FileTree,
  names: StageNames,
): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const used = [CORE, PIPELINE].map((name) => installedPackage(tree, name));
  const ranges = new Map(
    used.map(({ manifest }) => [manifest.name ?? "", `^${manifest.version}`] as const),
  );
  // One zod for schemas that meet: the range of the contract's own package.
  const zod = used.map(({ manifest }) => manifest.dependencies["zod"]).find(Boolean) ?? "^4.0.0";
  const references = used.flatMap(({ folder }) =>
    folder === undefined ? [] : [{ path: posix.relative(names.folder, folder) }],
  );
  return new Map([
    ["package.json", manifest(tree, names, ranges, zod)],
    ["tsconfig.json", buildConfig(tree, names, references)],
    ["tsconfig.test.json", testConfig(tree, names, references)],
  ]);
}

function manifest(
  tree: FileTree,
  names: StageNames,
  ranges: ReadonlyMap<string, string>,
  zod: string,
): Record<string, unknown> {
  const root = readManifest(tree, ".");
  return {
    name: names.package,
    version: "0.0.0",
    description: names.description,
    license: root?.license ?? "UNLICENSED",
    bin: { [names.bin]: `./bin/${names.bin}.js` },
    files: [
      "bin",
      "dist",
      "help.json",
      "!dist/**/*.tsbuildinfo",
      "src",
      "!src/**/*.test.ts",
      "!src/**/*.test-d.ts",
      "CHANGELOG.md",
    ],
    type: "module",
    sideEffects: false,
    exports: {
      ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
      "./stage": { types: "./dist/stage.d.ts", default: "./dist/stage.js" },
      "./help.json": "./help.json",
      "./package.json": "./package.json",
    },
    publishConfig: { access: "restricted" },
    scripts: {
      build: "tsc -b",
      test: "vitest run --passWithNoTests",
      types: "tsc -p tsconfig.test.json",
    },
    dependencies: { [CORE]: ranges.get(CORE), zod },
    // The application has one copy of the runner; for work on this package it is there too.
    devDependencies: { [PIPELINE]: ranges.get(PIPELINE) },
    peerDependencies: { [PIPELINE]: runnerRange(ranges.get(PIPELINE)) },
    engines: { node: root?.engines?.node ?? ">=20.19" },
  };
}

/** Every runner with the contract that the installed one has: its major version counts with the number of the contract. */
function runnerRange(caret: string | undefined): string {
  const version = caret?.replace("^", "") ?? "0.1.0";
  return `>=${version} <${Number(version.split(".", 1)[0]) + 1}.0.0`;
}

type References = readonly { readonly path: string }[];

function buildConfig(
  tree: FileTree,
  names: StageNames,
  references: References,
): Record<string, unknown> {
  return {
    ...base(tree, names, {
      rootDir: "src",
      outDir: "dist",
      tsBuildInfoFile: "dist/.tsbuildinfo",
    }),
    include: ["src"],
    exclude: ["src/**/*.test.ts", "src/**/*.test-d.ts"],
    references,
  };
}

function testConfig(
  tree: FileTree,
  names: StageNames,
  references: References,
): Record<string, unknown> {
  return {
    ...base(tree, names, { composite: false, incremental: false, noEmit: true }),
    include: ["src"],
    references,
  };
}

/** The workspace's own settings where it has them, else what the sources need. */
function base(tree: FileTree, names: StageNames, own: object): Record<string, unknown> {
  if (tree.exists("tsconfig.base.json"))
    return {
      extends: posix.relative(names.folder, "tsconfig.base.json"),
      compilerOptions: own,
    };
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023"],
    types: ["node"],
    module: "nodenext",
    composite: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    rewriteRelativeImportExtensions: true,
    sourceMap: true,
    skipLibCheck: true,
    ...own,
  };
  return { compilerOptions };
}
