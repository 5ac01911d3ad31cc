import type { Args } from "../args.ts";
import { modulo } from "../python-number.ts";
import { rule, transformer, type ArgvRule, type Step } from "../step.ts";
import { readPipelineLayout } from "./pipeline-layout.ts";

const FIRST = "decoder_first_pipeline_num_layers";
const LAST = "decoder_last_pipeline_num_layers";
const FLAGS = ["--decoder-first-pipeline-num-layers", "--decoder-last-pipeline-num-layers"];

const layout = (a: Args): boolean => !a.none("pipeline_model_parallel_layout");
const ends = (a: Args): boolean => !a.none(FIRST) || !a.none(LAST);
const accounts = (a: Args): boolean =>
  a.on("account_for_embedding_in_pipeline_split") || a.on("account_for_loss_in_pipeline_split");
const uneven = (a: Args): boolean => !layout(a) && ends(a);
const counting = (a: Args): boolean => !layout(a) && !ends(a) && accounts(a);
const virtual = (a: Args): number | null =>
  a.none("virtual_pipeline_model_parallel_size")
    ? null
    : a.num("virtual_pipeline_model_parallel_size");

/** Layers and stages that are left between the first and the last stage. */
function middle(a: Args): readonly [layers: number, stages: number] {
  const given = [FIRST, LAST].filter((name) => !a.none(name));
  const layers = given.reduce((rest, name) => rest - a.num(name), a.num("num_layers"));
  return [layers, a.num("pipeline_model_parallel_size") - given.length];
}

function counted(a: Args): number {
  return (
    a.num("num_layers") +
    Number(a.on("account_for_embedding_in_pipeline_split")) +
    Number(a.on("account_for_loss_in_pipeline_split"))
  );
}

function endStage(name: string, line: number, field: string): readonly ArgvRule[] {
  const flag = `--${field.replaceAll("_", "-")}`;
  return [
    rule(
      `pipeline-${name}-empty`,
      transformer(line),
      [flag],
      `the ${name} stage has no layer`,
      "Use 1 or more.",
      (a) => uneven(a) && !a.none(field) && a.num(field) <= 0,
    ),
    rule(
      `pipeline-${name}-interleaved`,
      transformer(line + 8),
      [flag, "--num-virtual-stages-per-pipeline-rank"],
      `the layers of the ${name} stage do not divide into virtual stages`,
      "Use a multiple of the virtual stages.",
      (a) => {
        const parts = virtual(a);
        return uneven(a) && !a.none(field) && parts !== null && modulo(a.num(field), parts) !== 0;
      },
    ),
  ];
}

const site = (line: number): string =>
  `megatron/core/transformer/pipeline_parallel_layer_layout.py:${line}`;

function count(text: string, letter: string): number {
  return text.split(letter).length - 1;
}

/** The first thing that is wrong with a layout, by the line that says so. */
function layoutFault(a: Args): string | undefined {
  const stages = readPipelineLayout(a.text("pipeline_model_parallel_layout") ?? "");
  const ranks = a.num("pipeline_model_parallel_size");
  const parts = stages.length / ranks;
  const flat = stages.join("");
  const mtp = a.none("mtp_num_layers") ? null : a.num("mtp_num_layers");
  const predictions = count(flat, "m");
  if (!flat.startsWith("E")) return site(95);
  if (!flat.endsWith("L")) return site(98);
  if (count(flat, "E") !== 1) return site(103);
  if (count(flat, "L") !== 1) return site(105);
  if (count(flat, "t") !== a.num("num_layers")) return site(106);
  if (predictions !== mtp && !(mtp === null && predictions === 0)) return site(112);
  if (/m.*t/.test(flat)) return site(117);
  const early = stages.slice(0, ranks * (parts - 1));
  if (early.some((stage) => stage.includes("m"))) return site(123);
  const late = stages.slice(ranks * (parts - 1));
  if (late.some((stage) => stage.includes("m") && count(stage, "m") !== mtp)) return site(129);
  return undefined;
}

/** How layers are put on pipeline stages. */
export const TRANSFORMER_PIPELINE_STEPS: readonly Step[] = [
  rule(
    "pipeline-uneven-counted",
    transformer(1403),
    [...FLAGS, "--account-for-embedding-in-pipeline-split"],
    "the first and last stage are given, so nothing is counted as a layer",
    "Keep one of the two ways.",
    (a) => ends(a) && accounts(a),
  ),
  rule(
    "pipeline-layout-uneven",
    transformer(1420),
    ["--pipeline-model-parallel-layout", ...FLAGS],
    "the layout already says what each stage holds",
    "Drop the other flags.",
    (a) => layout(a) && (ends(a) || accounts(a)),
  ),
  rule(
    "pipeline-layout",
    site(95),
    ["--pipeline-model-parallel-layout", "--num-layers", "--mtp-num-layers"],
    "the layout does not hold the model's layers in order",
    "Begin with E, end with L, and put each of the layers (t) in between.",
    (a) => {
      const fault = layout(a) ? layoutFault(a) : undefined;
      return fault !== undefined && { at: fault };
    },
  ),
  ...endStage("first", 1472, FIRST),
  ...endStage("last", 1491, LAST),
  rule(
    "pipeline-middle",
    transformer(1510),
    [...FLAGS, "--pipeline-model-parallel-size"],
    "the middle stages have no layers, or the middle layers no stages",
    "Leave layers for the stages between.",
    (a) => {
      const [layers, stages] = middle(a);
      return uneven(a) && (layers === 0) !== (stages === 0);
    },
  ),
  rule(
    "pipeline-middle-divides",
    transformer(1518),
    [...FLAGS, "--pipeline-model-parallel-size"],
    "the middle layers do not divide over the middle stages",
    "Choose the first and last stage so that the rest divides.",
    (a) => {
      const [layers, stages] = middle(a);
      return uneven(a) && stages !== 0 && modulo(layers, stages) !== 0;
    },
  ),
  rule(
    "pipeline-middle-interleaved",
    transformer(1532),
    [...FLAGS, "--num-virtual-stages-per-pipeline-rank"],
    "the layers of a middle stage do not divide into virtual stages",
    "Use a divisor.",
    (a) => {
      const [layers, stages] = middle(a);
      const parts = virtual(a);
      return uneven(a) && stages !== 0 && parts !== null && modulo(layers / stages, parts) !== 0;
    },
  ),
  rule(
    "pipeline-counted",
    transformer(1551),
    ["--pipeline-model-parallel-size", "--account-for-embedding-in-pipeline-split"],
    "the layers, embedding and loss counted, do not divide over the pipeline",
    "Use a pipeline size that divides them.",
    (a) =>
      counting(a) &&
      virtual(a) === null &&
      modulo(counted(a), a.num("pipeline_model_parallel_size")) !== 0,
  ),
  rule(
    "pipeline-counted-virtual",
    transformer(1564),
    ["--pipeline-model-parallel-size", "--account-for-embedding-in-pipeline-split"],
    "the layers, embedding and loss counted, do not divide over the pipeline",
    "Use a pipeline size that divides them.",
    (a) =>
      counting(a) &&
      virtual(a) !== null &&
      modulo(counted(a), a.num("pipeline_model_parallel_size")) !== 0,
  ),
  rule(
    "pipeline-counted-interleaved",
    transformer(1577),
    ["--num-virtual-stages-per-pipeline-rank", "--account-for-embedding-in-pipeline-split"],
    "the layers of a stage do not divide into virtual stages",
    "Use a divisor.",
    (a) => {
      const parts = virtual(a);
      return (
        counting(a) &&
        parts !== null &&
        modulo(Math.floor(counted(a) / a.num("pipeline_model_parallel_size")), parts) !== 0
      );
    },
  ),
];
