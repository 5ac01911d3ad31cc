import { SHORT_RUN } from "../moonlight-command.ts";
import type { Step } from "../workspace/steps.ts";
import type { LastPublished } from "./last-published.ts";
import type { Release } from "./release.ts";
import { Stranger } from "./stranger.ts";

/** What is built of the version before: both stages that change places, and what they use. */
export const LAST = ["packages/fetch", "packages/train", "packages/pipeline", "packages/embedded"];

const TYPESCRIPT = "typescript@7.0.2";
/** No host answers there: how an install script's download ends where only the registry is in reach. */
const NO_HOST = "http://127.0.0.1:9";

/** The tiny pipeline up to a trained checkpoint, with two of its stages from where they are asked for. */
function composition(fetch: string, train: string): string {
  const settings = [...SHORT_RUN.map((flag) => flag.replace("--set=", "")), "rollout.numRollout=2"];
  return `
import { startHubServer } from "@moonlight-rl/hub";
import { definePipeline, runPipeline } from "@moonlight-rl/pipeline";
import { toTorchDist } from "@moonlight-rl/convert";
import { rolloutConfig } from "@moonlight-rl/rollout-config";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { z } from "zod";
import { fetchAssets } from "${fetch}";
import { train } from "${train}";

const tiny = definePipeline({
  name: "tiny",
  from: import.meta.url,
  params: z.strictObject({ endpoint: z.string() }),
  run: async (stage, { endpoint }) => {
    const { model, promptData, evalData } = await stage(fetchAssets, {
      model: MODEL, promptData: PROMPT_DATA, evalData: EVAL_DATA, endpoint,
    });
    const { checkpoint } = await stage(toTorchDist, { model });
    const { recipe } = await stage(rolloutConfig, {
      profile: "tiny", backend: "embedded", model, set: ${JSON.stringify(settings)},
    });
    return await stage(train, { recipe, checkpoint, model, promptData, evalData });
  },
});
const hub = await startHubServer({ root: assetsDirectory });
try {
  const { outputs } = await runPipeline(tiny, { endpoint: hub.url }, { workspace: process.argv[2] ?? "" });
  console.log(JSON.stringify({ kind: outputs.checkpoint.kind, steps: outputs.optimizerSteps }));
} finally {
  await hub.close();
}
`;
}

/**
 * The fetch that was published last with today's train, and the other way round: installed side by side by a stranger, compiled
 * together, and run. Also: the engine where ONNX Runtime's install script gets no answer.
 */
export function* versionsApart(
  root: string,
  registry: string,
  release: Release,
  last: LastPublished,
): Generator<Step> {
  const project = Stranger.begin(root, "apart", registry, { private: true, type: "module" });
  const today = (name: string): string => release.packages.get(name)?.version ?? "0.0.0";
  yield [
    "two versions of two stages are installed, without ONNX Runtime's downloads",
    async () => {
      const it = await project;
      const now = ["hub", "pipeline", "convert", "rollout-config", "embedded", "tiny-moonlight"];
      await it.run(
        {
          file: "npm",
          env: { GLOBAL_AGENT_HTTPS_PROXY: NO_HOST, GLOBAL_AGENT_HTTP_PROXY: NO_HOST },
        },
        "install",
        "--no-audit",
        "--no-fund",
        ...[...now, "fetch", "train"].map((name) => `@moonlight-rl/${name}@${today(name)}`),
        ...["fetch", "train"].map(
          (name) => `${name}-last@npm:@moonlight-rl/${name}@${last.version(name)}`,
        ),
        "zod@4",
        "@types/node@20",
        TYPESCRIPT,
      );
      const found = await it.run(
        "node",
        "--print",
        `["fetch", "train"].map((n) => [n + "-last", "@moonlight-rl/" + n].map((p) => require(p + "/package.json").version).join(" ")).join(", ")`,
      );
      const expected = ["fetch", "train"].map((name) => `${last.version(name)} ${today(name)}`);
      if (found.trim() !== expected.join(", ")) throw new Error(`installed are ${found}`);
    },
  ];
  yield [
    "the engine says how to add ONNX Runtime, and is then whole",
    async () => {
      const it = await project;
      const load = [
        "node",
        "--eval",
        'import("@moonlight-rl/embedded").catch((e) => { console.log(e.code, e.hint); })',
      ] as const;
      const said = await it.run(...load);
      // Where the script's downloads are not wanted (not Linux on x64) nothing is missing.
      if (said.trim() === "" && `${process.platform}/${process.arch}` !== "linux/x64") return;
      const command = /^ENGINE_RUNTIME_MISSING .*: npm (install .*)$/.exec(said.trim())?.[1];
      if (command === undefined) throw new Error(`it says ${said || "nothing"}`);
      await it.run("npm", ...command.split(" "), "--no-audit", "--no-fund");
      const now = await it.run(...load);
      if (now !== "") throw new Error(`after npm ${command}: ${now}`);
    },
  ];
  for (const [what, fetch, train] of [
    ["the last published fetch with today's train", "fetch-last", "@moonlight-rl/train"],
    ["today's fetch with the last published train", "@moonlight-rl/fetch", "train-last"],
  ] as const) {
    const file = train === "train-last" ? "train-last" : "fetch-last";
    yield [
      `${what} compiles`,
      async () => {
        const it = await project;
        await it.write({
          [`${file}.mts`]: composition(fetch, train),
          "tsconfig.json": JSON.stringify({
            compilerOptions: {
              target: "es2022",
              module: "nodenext",
              strict: true,
              types: ["node"],
            },
            files: [`${file}.mts`],
          }),
        });
        await it.run("node", "node_modules/typescript/bin/tsc", "-p", ".");
      },
    ];
    yield [
      `${what} trains`,
      async () => {
        const it = await project;
        const printed = await it.run("node", `${file}.mjs`, `work-${file}`);
        const result = JSON.parse(printed.trim().split("\n").at(-1) ?? "") as {
          kind: string;
          steps: number;
        };
        if (result.kind !== "torch-dist" || !(result.steps > 0))
          throw new Error(printed.slice(-500));
      },
    ];
  }
  yield [
    "today's stages on the oldest runner that they ask for",
    async () => {
      const oldest = last.version("pipeline");
      const stages = ["fetch", "convert"];
      const asked = stages.map(
        (name) =>
          release.packages
            .get(name)
            ?.peerDependencies["@moonlight-rl/pipeline"]?.slice(2)
            .split(" ")[0] ?? "",
      );
      // A stage that needs a newer runner says so in its range, and this is no promise of it.
      if (asked.some((least) => least !== oldest)) return;
      const it = await Stranger.begin(root, "oldest", registry, { private: true, type: "module" });
      await it.run(
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        `@moonlight-rl/pipeline@${oldest}`,
        ...[...stages, "tiny-moonlight"].map((name) => `@moonlight-rl/${name}@${today(name)}`),
      );
      const tiny =
        "./node_modules/@moonlight-rl/tiny-moonlight/assets/models/moonlight-rl/tiny-moonlight";
      const digests = await Promise.all([
        it.run("npx", "moonlight-fetch", tiny, "--json"),
        it.run("npx", "moonlight-convert", "--model", tiny, "--to", "torch_dist", "--json"),
      ]);
      for (const printed of digests)
        if (!/"digest":"[0-9a-f]{64}"/.test(printed.trim().split("\n").at(-1) ?? ""))
          throw new Error(printed.slice(-500));
    },
  ];
}
