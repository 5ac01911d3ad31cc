import { stageMain } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "./stage.ts";

await stageMain(rolloutConfig);
