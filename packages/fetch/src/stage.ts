import { defineStage, type PlanContext, type StageContext } from "@moonlight-rl/pipeline";
import {
  assetsInput,
  assetsOutput,
  fetchInput,
  fetchOutput,
  type Assets,
  type FetchInput,
} from "./input.ts";
import { asFolder } from "./request/as-folder.ts";
import { verifyCommand } from "./verify/verify-command.ts";

/** Imported when it is needed: `--help` reads only the schemas. */
const work = {
  async resolve<I extends FetchInput>(input: I, context: PlanContext): Promise<I> {
    return (await import("./pin-revisions.ts")).pinRevisions(input, context);
  },
  async plan(input: FetchInput, context: PlanContext) {
    return (await import("./fetch-assets.ts")).planDownloads(input, context);
  },
  async run(input: FetchInput, context: StageContext) {
    return (await import("./fetch-assets.ts")).fetchAll(input, context);
  },
  async delivered(input: FetchInput) {
    return input.localDir === undefined || (await import("./fetch-assets.ts")).isInLocalDir(input);
  },
  // A folder's name says nothing about its content.
  cacheable: ({ model, promptData, evalData }: FetchInput) =>
    [model, promptData, evalData].every((name) => asFolder(name ?? "") === undefined),
};

const definition = {
  name: "fetch",
  title: "Fetch models and datasets from a Hugging Face Hub, verified and resumable.",
  from: import.meta.url,
} as const;

/** Fetches any of a model, training prompts and evaluation problems. */
export const fetch = defineStage({
  ...definition,
  input: fetchInput,
  positionals: ["model"],
  commands: [verifyCommand],
  output: fetchOutput,
  examples: [
    "moonshotai/Moonlight-16B-A3B",
    "moonshotai/Moonlight-16B-A3B --dry-run --rate 100",
    "--prompt-data zhuzilin/dapo-math-17k --eval-data zhuzilin/aime-2024",
  ],
  ...work,
});

/** `fetch` of all three: its outputs are there for sure, which types and plans of pipelines build on. */
export const fetchAssets = defineStage({
  ...definition,
  input: assetsInput,
  output: assetsOutput,
  ...work,
  // The input's schema requires all three, and each field that is asked for is there.
  run: async (input, context) => (await work.run(input, context)) as Assets,
});
