import { z } from "zod";
import { field } from "./field-facts.ts";

/** The policy that is trained. Its shape is never typed by hand: it comes from the checkpoint's config.json. */
export const modelSchema = z.strictObject({
  name: field(z.string().min(1), "Name of the model in reports and run lists."),
  hfCheckpoint: field(
    z.string().min(1),
    "Hugging Face folder (or Hub id) with config.json and tokenizer, a path visible to every worker. embedded: the model artifact stands in for it.",
    { flag: "--hf-checkpoint", source: "A:439" },
  ),
  megatronToHfMode: field(
    z.enum(["raw", "bridge"]),
    "How trained weights reach the engine: miles' own mapping, or Megatron-Bridge, which always starts at rollout 0.",
    { flag: "--megatron-to-hf-mode", usual: "raw", source: "A:353, A:2987" },
  ),
});
