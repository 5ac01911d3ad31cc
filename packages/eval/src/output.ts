import { artifact } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { summarySchema } from "./result/summary.ts";

/** What the stage hands back. */
export const evalOutput = z.object({ result: artifact("eval-result"), summary: summarySchema });
export type EvalOutput = z.input<typeof evalOutput>;
