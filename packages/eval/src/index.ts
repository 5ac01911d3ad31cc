export { evaluate } from "./stage.ts";
export { readEvalResult, readEvalResults, setFolder } from "./result/read-result.ts";
export { compareResults } from "./result/compare.ts";
export {
  renderComparison,
  renderP,
  renderSummary,
  type SummaryRow,
} from "./result/render-summary.ts";
export { resultSchema, type Comparison, type EvalResult } from "./result/result.ts";
export { readSamples } from "./result/read-samples.ts";
export { gradedSampleSchema, type GradedSample } from "./result/graded-sample.ts";
export { estimateMean, type Bounds, type Estimate, type Interval } from "./statistics/estimate.ts";
export { lengthStatistics, type LengthStatistics } from "./statistics/lengths.ts";
export { bootstrapMeans, type BootstrapInterval } from "./statistics/bootstrap.ts";
export { majorityAtK, type Votes } from "./statistics/majority.ts";
export { passAtK, passAtPowersOfTwo } from "./statistics/pass-at-k.ts";
export {
  comparePaired,
  minimumDetectableDifference,
  type PairedComparison,
} from "./statistics/paired.ts";
export { gradedSpan, type Span } from "./report/graded-span.ts";
