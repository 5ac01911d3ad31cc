import { stageMain } from "@moonlight-rl/pipeline";
import { evaluate } from "./stage.ts";

await stageMain(evaluate);
