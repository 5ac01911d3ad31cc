import { truth, type Args } from "../args.ts";
import { readFileArgument } from "../file-argument.ts";
import type { Value } from "../flag-spec.ts";
import { miles, override, rule, type Step, type Violation } from "../step.ts";
import type { World } from "../world.ts";

/** Keys that a dataset of --eval-config may have. */
const DATASET_KEYS = new Set(
  "name path rm_type input_key label_key tool_key metadata_key n_samples_per_eval_prompt temperature top_p top_k max_response_len stop stop_token_ids min_new_tokens custom_generate_function_path metadata_overrides".split(
    " ",
  ),
);

type Mapping = { readonly [key: string]: unknown };

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Datasets = readonly Mapping[] | Violation;

const at = (line: number): string => `miles/utils/eval_config.py:${line}`;

/** The datasets of --eval-config, or what is wrong with it; undefined: nothing is known. */
function configured(args: Args, world: World): Datasets | undefined {
  const path = args.text("eval_config");
  if (path === null || path === "") return undefined;
  const read = readFileArgument(path, world);
  if (read.kind === "unknown") return undefined;
  if (read.kind === "fault") return read.fault;
  if (!isMapping(read.data)) return { at: miles(2721), reason: "its root is not a mapping" };
  const evaluation = "eval" in read.data ? read.data["eval"] : read.data;
  if (!isMapping(evaluation)) return { at: miles(2725), reason: "eval is not a mapping" };
  if (pythonDict(evaluation["defaults"]) === undefined) {
    return { at: miles(2727), reason: "defaults is not a mapping" };
  }
  const datasets = asList(evaluation["datasets"]);
  if (!Array.isArray(datasets)) return datasets;
  if (datasets.length === 0) return { at: miles(2730), reason: "it names no datasets" };
  return datasets.map(faulty).find((fault) => fault !== undefined) ?? (datasets as Mapping[]);
}

/** Python's `dict(value or {})`: a list of pairs makes one too. Undefined where it raises. */
function pythonDict(value: unknown): Mapping | undefined {
  if (!truth((value ?? null) as Value)) return {};
  if (isMapping(value)) return value;
  if (!Array.isArray(value)) return undefined;
  const pairs = value.map((item: unknown) => (typeof item === "string" ? [...item] : item));
  return pairs.every(isPair) ? Object.fromEntries(pairs) : undefined;
}

function isPair(item: unknown): item is [string, unknown] {
  return Array.isArray(item) && item.length === 2;
}

function asList(value: unknown): readonly Mapping[] | Violation {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) {
    const datasets: Mapping[] = [];
    for (const item of value) {
      const dataset = pythonDict(item);
      if (dataset === undefined) return { at: at(173), reason: "a dataset is not a mapping" };
      if (!("name" in dataset)) return { at: at(175), reason: "a dataset has no name" };
      datasets.push(dataset);
    }
    return datasets;
  }
  if (!isMapping(value)) return { at: at(179), reason: "datasets is neither a list nor a mapping" };
  const datasets: Mapping[] = [];
  for (const [name, item] of Object.entries(value)) {
    const dataset = pythonDict(item);
    if (dataset === undefined) return { at: at(165), reason: "a dataset is not a mapping" };
    datasets.push({ name, ...dataset });
  }
  return datasets;
}

function faulty(dataset: Mapping): Violation | undefined {
  const unknown = Object.keys(dataset).find((key) => !DATASET_KEYS.has(key));
  if (unknown !== undefined) return { at: at(206), reason: `a dataset has no field ${unknown}` };
  if (!("path" in dataset)) return { at: at(206), reason: "a dataset has no path" };
  const overrides = dataset["metadata_overrides"];
  if (overrides !== undefined && overrides !== null && !isMapping(overrides)) {
    return { at: at(90), reason: "metadata_overrides is not a mapping" };
  }
  return undefined;
}

/** --eval-prompt-data as pairs; one value alone is taken for the data of "aime". */
function pairs(args: Args): readonly Value[] {
  const values = args.on("eval_prompt_data") ? args.list("eval_prompt_data") : [];
  return values.length === 1 ? ["aime", ...values] : values;
}

/** Which datasets are evaluated on. */
export const EVALUATION_DATASET_STEPS: readonly Step[] = [
  rule(
    "evaluation-config",
    miles(2718),
    ["--eval-config"],
    "the evaluation config cannot be used",
    "Write `eval: {datasets: [{name: …, path: …}]}`.",
    (args, world) => {
      const found = configured(args, world);
      return found !== undefined && !Array.isArray(found) ? (found as Violation) : false;
    },
  ),
  rule(
    "evaluation-pairs",
    miles(2737),
    ["--eval-prompt-data"],
    "datasets are given as pairs of name and path",
    "Write a name before each path.",
    (args) => !args.on("eval_config") && pairs(args).length % 2 !== 0,
  ),
  override("evaluation-datasets", miles(2743), ["--eval-prompt-data"], null, (args, world) => {
    const found = args.on("eval_config") ? configured(args, world) : undefined;
    const listed = Array.isArray(found)
      ? (found as readonly Mapping[]).flatMap(({ name, path }) => [name as Value, path as Value])
      : pairs(args);
    const unknown = args.on("eval_config") && found === undefined;
    args.set("eval_prompt_data", listed.length > 0 && !unknown ? listed : null);
    // A config that cannot be seen is taken to hold datasets.
    args.set("eval_datasets", unknown || listed.length > 0);
  }),
];
