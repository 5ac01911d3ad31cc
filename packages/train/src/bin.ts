import { stageMain } from "@moonlight-rl/pipeline";
import { train } from "./stage.ts";

await stageMain(train);
