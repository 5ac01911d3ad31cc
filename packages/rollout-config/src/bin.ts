import type { Stage } from "@moonlight-rl/pipeline";

const load = async (): Promise<Stage> => (await import("./stage.ts")).rolloutConfig;
// A runner of before that module does the same, with help that takes longer.
const { stageBin } = await import("@moonlight-rl/pipeline/stage-bin").catch(async () => {
  const { stageMain } = await import("@moonlight-rl/pipeline");
  return { stageBin: async () => stageMain(await load()) };
});
await stageBin(new URL("../", import.meta.url), load);
