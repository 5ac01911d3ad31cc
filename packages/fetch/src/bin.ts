import { stageMain } from "@moonlight-rl/pipeline";
import { fetch } from "./stage.ts";

await stageMain(fetch);
