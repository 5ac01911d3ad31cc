import { notBuilt, type Bench } from "../bench.ts";

export const convertBench: Bench = notBuilt(
  "convert",
  "HF ⇄ torch_dist beside cp and beside torch",
);
