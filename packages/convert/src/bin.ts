import { stageMain } from "@moonlight-rl/pipeline";
import { convert } from "./stage.ts";

await stageMain(convert);
