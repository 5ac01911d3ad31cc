import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  fromFloat32,
  hfSources,
  iterationFolder,
  megatronArgs,
  megatronSources,
  openTorchDist,
  tensorBytes,
  toFloat32,
  writeTorchDist,
  type Dtype,
  type ShardedTensorSource,
  type TorchDist,
} from "@moonlight-rl/checkpoint";
import {
  isMoonlightError,
  removePath,
  validate,
  VerificationError,
  type Emit,
} from "@moonlight-rl/core";
import { megatronTensors, type HfConfig } from "@moonlight-rl/model";
import { z } from "zod";
import { parameterLayout } from "../model/layout.ts";
import type { TrainerState } from "../engine/types.ts";
import type { GroupSourceState } from "./group-source.ts";
import { storedGroupSchema } from "./pending-group.ts";
import { cursorSchema } from "./prompt-source.ts";

/** Everything that the loop needs to go on after `rollout`, bit for bit. */
export interface TrainingState {
  /** Id of the last finished rollout. */
  readonly rollout: number;
  readonly trainer: TrainerState;
  readonly source: GroupSourceState;
  /** The reference policy, where it is no longer the checkpoint that training started from. */
  readonly reference?: Float32Array;
  /** Bytes of the history file that belong to this state. */
  readonly historyBytes: number;
}

/** Kept beside the tensors in `common.pt`, so that weights and data position can never be from different moments. */
const extraSchema = z.object({
  rollout: z.int().nonnegative(),
  steps: z.int().nonnegative(),
  cursor: cursorSchema,
  /** JSON of the groups that rollouts gave back unfinished. */
  buffer: z
    .string()
    .default("[]")
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "is not JSON" });
        return z.NEVER;
      }
    })
    .pipe(z.array(storedGroupSchema)),
  /** Whether the reference policy is saved as well. */
  reference: z.boolean().default(false),
  historyBytes: z.int().nonnegative(),
});

/** Optimizer states, by the prefix of their keys (Megatron's names for the fp32 copy and Adam's moments). */
const STATES = {
  parameters: "optimizer.state.fp32_param.",
  expAvg: "optimizer.state.exp_avg.",
  expAvgSq: "optimizer.state.exp_avg_sq.",
} as const;
type StateName = keyof typeof STATES;
/** Prefix of the reference policy's keys, in runs that renew it. */
const REFERENCE = "moonlight.reference.";

/** Saves an iteration: the weights in the model's own dtype under Megatron's keys, and the optimizer in float32. */
export async function saveState(
  folder: string,
  config: HfConfig,
  state: TrainingState,
): Promise<void> {
  const layout = parameterLayout(config);
  const entries = new Map(layout.entries.map((entry) => [entry.name, entry]));
  const values = (flat: Float32Array, name: string, dtype: Dtype): Uint8Array => {
    const { offset, size } = entries.get(name) ?? { offset: 0, size: 0 };
    return fromFloat32(flat.slice(offset, offset + size), dtype);
  };
  const weights = modelDtype(config);
  const named = (
    flat: Float32Array,
    dtypeOf: (name: string) => Dtype | undefined,
  ): ShardedTensorSource[] =>
    megatronSources(config, {
      dtypeOf: (name) => (entries.has(name) ? dtypeOf(name) : undefined),
      read: (name) => values(flat, name, dtypeOf(name) ?? "F32"),
    });
  const model = named(state.trainer.parameters, (name) =>
    entries.get(name)?.trainable === false ? "F32" : weights,
  );
  const optimizer = (Object.keys(STATES) as StateName[]).flatMap((name) =>
    named(state.trainer[name], () => "F32").map((tensor) => ({
      ...tensor,
      key: STATES[name] + tensor.key,
    })),
  );
  const reference =
    state.reference === undefined
      ? []
      : named(state.reference, () => "F32").map((tensor) => ({
          ...tensor,
          key: REFERENCE + tensor.key,
        }));
  await writeTorchDist(folder, {
    iteration: state.rollout,
    tensors: [...model, ...optimizer, ...reference],
    args: { ...megatronArgs(config), no_save_optim: false },
    common: {
      moonlight: {
        rollout: state.rollout,
        steps: state.trainer.steps,
        cursor: { ...state.source.cursor },
        ...(state.source.buffer.length === 0
          ? {}
          : { buffer: JSON.stringify(state.source.buffer) }),
        ...(state.reference === undefined ? {} : { reference: true }),
        historyBytes: state.historyBytes,
      },
    },
  });
}

/**
 * The newest complete state in a save folder, or undefined when there is none. A damaged iteration is reported and the one
 * before it is taken.
 */
export async function loadNewestState(
  folder: string,
  config: HfConfig,
  emit: Emit,
): Promise<TrainingState | undefined> {
  for (const iteration of (await savedIterations(folder)).reverse()) {
    try {
      return await loadState(folder, config, iteration);
    } catch (error) {
      if (!isMoonlightError(error) || error.code === "INTERRUPTED") throw error;
      emit({
        type: "warning",
        code: "CHECKPOINT_DAMAGED",
        message: `${iterationFolder(iteration)} cannot be used: ${error.message}`,
        hint: "Training goes on from the checkpoint before it.",
      });
    }
  }
  return undefined;
}

async function loadState(
  folder: string,
  config: HfConfig,
  iteration: number,
): Promise<TrainingState> {
  const checkpoint = await openTorchDist(folder, iteration);
  try {
    const file = join(checkpoint.folder, "common.pt");
    const extra = validate(extraSchema, checkpoint.common["moonlight"], {
      what: "training state",
      code: "CHECKPOINT_STATE",
      content: true,
      file,
    });
    const states = {} as Record<StateName, Float32Array>;
    for (const name of Object.keys(STATES) as StateName[])
      states[name] = await readFlat(checkpoint, config, STATES[name]);
    return {
      rollout: extra.rollout,
      trainer: { ...states, steps: extra.steps },
      source: { cursor: extra.cursor, buffer: extra.buffer },
      historyBytes: extra.historyBytes,
      ...(extra.reference ? { reference: await readFlat(checkpoint, config, REFERENCE) } : {}),
    };
  } finally {
    await checkpoint.close();
  }
}

/** The initial weights of a torch_dist checkpoint as the engine's flat float32 array. */
export async function loadInitialWeights(folder: string, config: HfConfig): Promise<Float32Array> {
  const checkpoint = await openTorchDist(folder);
  try {
    // Checks keys and shapes against config.json before anything is read.
    hfSources(config, checkpoint);
    return await readFlat(checkpoint, config, "");
  } finally {
    await checkpoint.close();
  }
}

async function readFlat(
  checkpoint: TorchDist,
  config: HfConfig,
  prefix: string,
): Promise<Float32Array> {
  const layout = parameterLayout(config);
  const offsets = new Map(layout.entries.map(({ name, offset }) => [name, offset]));
  const flat = new Float32Array(layout.total);
  for (const { key, chunks } of megatronTensors(config)) {
    const dtype = checkpoint.tensors.get(prefix + key)?.dtype ?? "F32";
    for (const { offsets: at, sizes, hf } of chunks) {
      const bytes = await checkpoint.readRegion(prefix + key, { offsets: at, sizes });
      const offset = offsets.get(hf.name);
      if (offset === undefined || bytes.byteLength !== tensorBytes(hf.shape, dtype)) {
        throw new VerificationError("TENSOR_SHAPE", `${prefix + key} does not fit the model.`, {
          field: key,
          file: checkpoint.folder,
        });
      }
      flat.set(toFloat32(bytes, dtype), offset);
    }
  }
  return flat;
}

/** Removes all but the newest `keep` iterations. */
export async function retainIterations(folder: string, keep: number): Promise<void> {
  const iterations = await savedIterations(folder);
  for (const iteration of iterations.slice(0, Math.max(0, iterations.length - keep)))
    await removePath(join(folder, iterationFolder(iteration)));
}

async function savedIterations(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => /^iter_(\d{7,})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function modelDtype(config: HfConfig): Dtype {
  return config.torch_dtype === "float32"
    ? "F32"
    : config.torch_dtype === "float16"
      ? "F16"
      : "BF16";
}
