import { isMoonlightError } from "@moonlight-rl/core";
import { hfTensors, megatronTensors, type HfConfig } from "@moonlight-rl/model";
import { catalogueFaults } from "../hf-model/catalogue-check.ts";
import { hfSources } from "../megatron/catalogue-sources.ts";
import { megatronArgs } from "../megatron/megatron-args.ts";
import { isOptimizerState } from "../megatron/training-state.ts";
import type { TensorStore } from "../inspect/tensor-store.ts";
import type { PlainObject } from "../torch-dist/common.ts";
import { findingOf, type Finding } from "./finding.ts";

/** Whether names, shapes and dtypes are those of the architecture, and a checkpoint's arguments agree with `config.json`. */
export function checkConfig(store: TensorStore, config: HfConfig): Finding[] {
  const { checkpoint, tensors, args } = store;
  if (checkpoint === undefined) {
    const wanted = hfTensors(config).map(({ name, shape }) => [name, shape] as const);
    const dtypes =
      config.torch_dtype === undefined
        ? []
        : catalogueFaults(config, tensors).filter(({ code }) => code === "TENSOR_DTYPE");
    return [
      ...compareKeys(new Map(wanted), tensors),
      ...dtypes.map(({ code, tensor, message }) => ({
        code,
        name: tensor,
        message: `${message}.`,
      })),
    ];
  }
  const findings = args === undefined ? [] : compareArgs(args, config);
  const wanted = new Map(megatronTensors(config).map(({ key, shape }) => [key, shape]));
  const keyed = compareKeys(wanted, tensors);
  if (keyed.length === 0) return findings;
  // Megatron also stacks layers and separates experts: other keys for the same weights.
  try {
    hfSources(config, checkpoint);
    return findings;
  } catch (error) {
    if (!isMoonlightError(error)) throw error;
    return [...findings, ...keyed];
  }
}

function compareKeys(
  wanted: ReadonlyMap<string, readonly number[]>,
  tensors: TensorStore["tensors"],
): Finding[] {
  const findings: Finding[] = [];
  for (const [name, shape] of wanted) {
    const stored = tensors.get(name)?.shape;
    if (stored === undefined)
      findings.push({ code: "TENSOR_MISSING", name, message: `config.json promises ${name}.` });
    else if (stored.join() !== shape.join())
      findings.push({
        code: "TENSOR_SHAPE",
        name,
        message: `${name} has shape [${stored.join(", ")}], config.json says [${shape.join(", ")}].`,
      });
  }
  for (const name of tensors.keys()) {
    if (!wanted.has(name) && !isOptimizerState(name))
      findings.push({
        code: "TENSOR_UNEXPECTED",
        name,
        message: `${name} is not a tensor of this architecture.`,
      });
  }
  return findings;
}

/** Of the arguments those that the weights' shapes follow from. */
const ARCHITECTURE_ARGS = [
  "num_layers",
  "hidden_size",
  "num_attention_heads",
  "ffn_hidden_size",
  "num_experts",
  "untie_embeddings_and_output_weights",
] as const;

function compareArgs(args: PlainObject, config: HfConfig): Finding[] {
  const wanted = megatronArgs(config);
  return ARCHITECTURE_ARGS.filter(
    (name) => args[name] !== undefined && args[name] !== null && args[name] !== wanted[name],
  ).map((name) => ({
    code: "ARGS_MISMATCH",
    name: `args.${name}`,
    message: `The checkpoint was made with ${name} = ${JSON.stringify(args[name])}, config.json says ${JSON.stringify(wanted[name])}.`,
  }));
}

/** What a checkpoint's own arguments say of its tensors, when there is no `config.json`. */
export function checkArgs({ tensors, args }: TensorStore): Finding[] {
  const embedding = tensors.get("embedding.word_embeddings.weight");
  if (args === undefined || embedding === undefined) return [];
  const told = [
    ["padded_vocab_size", embedding.shape[0]],
    ["hidden_size", embedding.shape[1]],
  ] as const;
  const findings = told
    .filter(([name, size]) => typeof args[name] === "number" && args[name] !== size)
    .map(([name, size]) => ({
      code: "ARGS_MISMATCH",
      name: `args.${name}`,
      message: `The checkpoint was made with ${name} = ${JSON.stringify(args[name])}, its embedding has ${size}.`,
    }));
  const layers = new Set(
    [...tensors.keys()].flatMap((key) => /^decoder\.layers\.(\d+)\./.exec(key)?.[1] ?? []),
  );
  const { num_layers } = args;
  if (layers.size > 0 && typeof num_layers === "number") {
    for (let layer = 0; layer < num_layers; layer++) {
      if (!layers.has(String(layer)))
        return [
          ...findings,
          {
            code: "TENSOR_MISSING",
            name: `decoder.layers.${layer}`,
            message: `args.num_layers is ${num_layers}; layer ${layer} has no tensor.`,
          },
        ];
    }
  }
  return findings;
}

/** The same, with errors of reading the config as findings. */
export async function configFindings(
  store: TensorStore,
  read: (() => Promise<HfConfig>) | undefined,
): Promise<Finding[]> {
  if (read === undefined) return checkArgs(store);
  try {
    return checkConfig(store, await read());
  } catch (error) {
    return [findingOf(error, "config.json")];
  }
}
