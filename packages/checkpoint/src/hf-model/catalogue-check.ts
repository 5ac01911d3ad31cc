import { basename } from "node:path";
import { hfTensors, megatronTensors, type HfConfig } from "@moonlight-rl/model";
import type { Dtype } from "../dtype.ts";
import type { TensorInfo } from "../safetensors/header.ts";

/** One way in which a checkpoint is not what its `config.json` promises. */
export interface CatalogueFault {
  readonly code: "TENSOR_MISSING" | "TENSOR_UNEXPECTED" | "TENSOR_SHAPE" | "TENSOR_DTYPE";
  readonly tensor: string;
  readonly message: string;
  /** Absolute path of the shard, where there is one. */
  readonly file?: string;
  readonly byteOffset?: number;
}

/** What has to be known of a tensor; where it lies only to say so. */
type Described = Pick<TensorInfo, "dtype" | "shape"> & Partial<Pick<TensorInfo, "file" | "offset">>;

const DTYPE_OF = { bfloat16: "BF16", float16: "F16", float32: "F32" } as const;

/** Names that the catalogue has and `names` lack, and the other way round; needs no shard, only an index. */
export function nameFaults(config: HfConfig, names: ReadonlySet<string>): CatalogueFault[] {
  const wanted = new Set(hfTensors(config).map(({ name }) => name));
  const missing = [...wanted].filter((name) => !names.has(name));
  const unexpected = [...names].filter((name) => !wanted.has(name));
  return [
    ...missing.map((tensor) => ({
      code: "TENSOR_MISSING" as const,
      tensor,
      message: `${tensor} is missing; config.json promises it`,
    })),
    ...unexpected.map((tensor) => ({
      code: "TENSOR_UNEXPECTED" as const,
      tensor,
      message: `${tensor} is not a tensor of this architecture`,
    })),
  ];
}

/**
 * Compares the tensors of a model's shards with the catalogue: names, shapes and dtypes. All must have the dtype that
 * `config.json` names (without one, that of the most tensors); what Megatron keeps in float32 may be float32 as well.
 */
export function catalogueFaults(
  config: HfConfig,
  tensors: ReadonlyMap<string, Described>,
): CatalogueFault[] {
  const faults = nameFaults(config, new Set(tensors.keys())).map((fault) => ({
    ...fault,
    ...place(tensors.get(fault.tensor)),
  }));
  const dtype = config.torch_dtype === undefined ? usual(tensors) : DTYPE_OF[config.torch_dtype];
  for (const { dtype: kept, chunks } of megatronTensors(config)) {
    for (const { hf } of chunks) {
      const info = tensors.get(hf.name);
      if (info === undefined) continue;
      const base = { tensor: hf.name, ...place(info) };
      if (info.shape.join() !== hf.shape.join())
        faults.push({
          ...base,
          code: "TENSOR_SHAPE",
          message: `${hf.name} has shape [${info.shape.join(", ")}]; config.json says [${hf.shape.join(", ")}]`,
        });
      if (info.dtype !== dtype && !(kept === "float32" && info.dtype === "F32"))
        faults.push({
          ...base,
          code: "TENSOR_DTYPE",
          message: `${hf.name} is ${info.dtype}${info.file === undefined ? "" : ` in ${basename(info.file)}`}; the model is ${dtype}`,
        });
    }
  }
  return faults;
}

function place(info: Described | undefined): Pick<CatalogueFault, "file" | "byteOffset"> {
  return {
    ...(info?.file === undefined ? {} : { file: info.file }),
    ...(info?.offset === undefined ? {} : { byteOffset: info.offset }),
  };
}

function usual(tensors: ReadonlyMap<string, Described>): Dtype {
  const counts = new Map<Dtype, number>();
  for (const { dtype } of tensors.values()) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? "BF16";
}
