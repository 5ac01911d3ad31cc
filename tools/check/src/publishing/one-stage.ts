import type { Step } from "../workspace/steps.ts";
import { Stranger } from "./stranger.ts";

const TINY = "node_modules/@moonlight-rl/tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight";

/** The least that our declarations are promised for, the last of each line, and today's; each with what consumers set. */
const COMPILERS: Readonly<Record<string, readonly (keyof typeof SETTINGS)[]>> = {
  "5.6.3": ["nodenext", "bundler"],
  "5.9.3": ["nodenext"],
  "6.0.3": ["bundler"],
  "7.0.2": ["nodenext", "bundler", "commonjs that imports"],
};
const SETTINGS = {
  nodenext: { module: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
  "commonjs that imports": { module: "node20" },
} as const;

const API = `
import { adoptArtifact, runStage } from "@moonlight-rl/pipeline";
import { convert } from "@moonlight-rl/convert";
const model = await adoptArtifact("hf-model", ${JSON.stringify(TINY)});
const { checkpoint } = await runStage(convert, { model, to: "torch_dist" });
if (checkpoint?.kind !== "torch-dist") throw new Error("no checkpoint");
console.log(checkpoint.digest);
`;

const TYPED = `
import { adoptArtifact, defineStage, runStage, artifact, type Artifact } from "@moonlight-rl/pipeline";
import { convert } from "@moonlight-rl/convert";
import { z } from "zod";

const model: Artifact<"hf-model"> = await adoptArtifact("hf-model", "./model");
const { checkpoint } = await runStage(convert, { model, to: "torch_dist" });
export const digest: string | undefined = checkpoint?.digest;
// @ts-expect-error -- there is no such direction
await runStage(convert, { model, to: "pickle" });
export const count = defineStage({
  name: "count",
  from: import.meta.url,
  input: z.strictObject({ model: artifact("hf-model") }),
  output: z.object({ files: z.int() }),
  run: async (input) => ({ files: Object.keys(input.model).length }),
});
`;

/** A stranger with npm's default settings installs one stage, runs its command and its API, and compiles against it. */
export function* oneStage(root: string, registry: string): Generator<Step> {
  const project = Stranger.begin(root, "project", registry, { private: true, type: "module" });
  let byCommand = "";
  yield [
    "one stage is installed",
    async () => {
      const it = await project;
      await it.run(
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "@moonlight-rl/convert",
        "@moonlight-rl/pipeline",
        "@moonlight-rl/tiny-moonlight",
        "zod@4",
        "@types/node@20",
        ...Object.keys(COMPILERS).map((version) => `ts-${version}@npm:typescript@${version}`),
      );
    },
  ];
  yield [
    "its command",
    async () => {
      const it = await project;
      const out = await it.run(
        "npx",
        "moonlight-convert",
        "--model",
        TINY,
        "--to",
        "torch_dist",
        "--json",
      );
      byCommand = /"digest":"([0-9a-f]{64})"/.exec(out.split("\n").at(-1) ?? "")?.[1] ?? "";
      if (byCommand === "") throw new Error(`it names no digest: ${out.slice(-500)}`);
    },
  ];
  yield [
    "its API, with the same result",
    async () => {
      const it = await project;
      await it.write({ "run.mjs": API });
      const digest = (await it.run("node", "run.mjs")).trim();
      if (digest !== byCommand) throw new Error(`the API made ${digest}, the command ${byCommand}`);
    },
  ];
  yield [
    "require() of it",
    async () => {
      const it = await project;
      await it.write({
        "run.cjs":
          'if (require("@moonlight-rl/convert").convert.name !== "convert") process.exit(1);\n',
      });
      await it.run("node", "run.cjs");
    },
  ];
  for (const [version, settings] of Object.entries(COMPILERS))
    for (const name of settings)
      yield [
        `TypeScript ${version}, ${name}`,
        async () => {
          const it = await project;
          await it.write({
            "use.mts": TYPED,
            "tsconfig.json": JSON.stringify({
              compilerOptions: {
                target: "es2022",
                strict: true,
                noEmit: true,
                types: ["node"],
                ...SETTINGS[name],
              },
              files: ["use.mts"],
            }),
          });
          await it.run("node", `node_modules/ts-${version}/bin/tsc`, "-p", ".");
        },
      ];
}
