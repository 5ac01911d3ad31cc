import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { readJson, throwIfAborted } from "@moonlight-rl/core";
import { hfConfigSchema } from "@moonlight-rl/model";
import { firstNonFinite, itemSize, tensorBytes } from "../dtype.ts";
import { scannedMemory } from "../scanned-memory.ts";
import { openTensorStore } from "../inspect/open-store.ts";
import { isOptimizerState } from "../megatron/training-state.ts";
import type { TensorEntry, TensorPart, TensorStore } from "../inspect/tensor-store.ts";
import { configFindings } from "./check-config.ts";
import { findingOf, type Finding } from "./finding.ts";

const BLOCK = 1 << 20;

export interface VerifyOptions {
  /** Folder whose `config.json` the tensors must agree with; default: the one beside safetensors. */
  readonly model?: string;
  readonly signal?: AbortSignal;
  /** Told the bytes read and those of all tensors. */
  readonly onBytes?: (bytes: number, total: number) => void;
}

export interface Verification {
  readonly findings: readonly Finding[];
  readonly tensors: number;
  readonly chunks: number;
  /** Bytes of tensors that were read and looked at. */
  readonly bytes: number;
  /** What names and shapes were compared with. */
  readonly against: "config.json" | "args" | "nothing";
}

/**
 * Reads every byte of a checkpoint: each tensor covered by its chunks once, byte counts, CRCs, no NaN or infinity in weights,
 * and the architecture's tensors, no more and no less. All that is wrong is listed, also where a file cannot be opened or the
 * checkpoint was not finished; of a chunk the first fault. Memory: blocks of 1 MiB. Errors: `CHECKPOINT_NOT_FOUND`; an aborted
 * signal.
 */
export async function verifyCheckpoint(
  path: string,
  options: VerifyOptions = {},
): Promise<Verification> {
  const nothing = { tensors: 0, chunks: 0, bytes: 0, against: "nothing" } as const;
  let store: TensorStore;
  const faults: Finding[] = [];
  try {
    store = await openTensorStore(path, (fault) => faults.push(findingOf(fault, path)));
  } catch (error) {
    const finding = findingOf(error, path);
    if (finding.code === "CHECKPOINT_NOT_FOUND") throw error;
    return { ...nothing, findings: [...faults, finding] };
  }
  try {
    const configFile =
      options.model === undefined ? store.configFile : join(options.model, "config.json");
    const findings = await configFindings(
      store,
      configFile === undefined
        ? undefined
        : () =>
            readJson(configFile, hfConfigSchema, {
              what: "config.json",
              code: "MODEL_CONFIG_INVALID",
            }),
    );
    const against =
      configFile !== undefined ? "config.json" : store.args === undefined ? "nothing" : "args";
    const content = await checkContent(store, options);
    // Of a tensor that could not be opened it is no news that it is missing.
    const known = new Set(faults.map(({ name }) => name));
    const news = findings.filter(({ name }) => !known.has(name));
    return { ...content, findings: [...faults, ...news, ...content.findings], against };
  } finally {
    await store.close();
  }
}

async function checkContent(
  store: TensorStore,
  { signal, onBytes }: VerifyOptions,
): Promise<Omit<Verification, "against">> {
  const findings: Finding[] = [];
  let [chunks, bytes] = [0, 0];
  const total = [...store.tensors.values()].reduce(
    (sum, { shape, dtype }) => sum + tensorBytes(shape, dtype),
    0,
  );
  const buffer = scannedMemory(BLOCK);
  const onBlock = (length: number): void => {
    throwIfAborted(signal);
    bytes += length;
    onBytes?.(bytes, total);
  };
  for (const [name, tensor] of store.tensors) {
    for (const part of tensor.parts) {
      throwIfAborted(signal);
      chunks += 1;
      const finding = await checkPart(store, name, tensor, part, buffer, onBlock).catch(
        (error: unknown) => {
          throwIfAborted(signal);
          return findingOf(error, name);
        },
      );
      if (finding !== undefined) findings.push(finding);
    }
  }
  return { findings, tensors: store.tensors.size, chunks, bytes };
}

async function checkPart(
  store: TensorStore,
  name: string,
  { dtype }: TensorEntry,
  part: TensorPart,
  buffer: Uint8Array,
  onBlock: (bytes: number) => void,
): Promise<Finding | undefined> {
  let done = 0;
  let found: Finding | undefined;
  // Megatron saves the padding inside its optimizer's buckets uninitialised.
  const scanned = !isOptimizerState(name);
  // All of a chunk is read even after a NaN: its CRC says whether the NaN was written so.
  for await (const block of store.blocks(name, part, buffer)) {
    onBlock(block.byteLength);
    // Reading into given memory does not wait: signals must be heard.
    await setImmediate();
    const at = found === undefined && scanned ? firstNonFinite(block, dtype) : undefined;
    if (at !== undefined) {
      const element = done / itemSize(dtype) + at;
      found = {
        code: "TENSOR_NOT_FINITE",
        name,
        message: `${name}: element ${element} of the chunk at [${part.offsets.join(", ")}] is NaN or infinite.`,
        file: join(store.folder, part.file),
      };
    }
    done += block.byteLength;
  }
  return found;
}
