import { notBuilt, type Bench } from "../bench.ts";

export const embeddedBench: Bench = notBuilt(
  "embedded",
  "generation and training beside transformers, PyTorch and TRL",
);
