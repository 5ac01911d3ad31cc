import type { Dtype } from "../dtype.ts";
import { PyGlobal, PyObject, PyReduce, PyTuple, type PickleValue } from "../pickle/value.ts";
import type { StoredTensor } from "./layout.ts";

export const MODULE = "torch.distributed.checkpoint.metadata";
const STORAGE_INFO = new PyGlobal("torch.distributed.checkpoint.filesystem", "_StorageInfo");
export const DTYPE_NAME: Readonly<Record<Dtype, string>> = {
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};

/** Equal objects under many keys: one archive at the beginning of a data file. */
export interface StoredObjects {
  readonly keys: readonly string[];
  readonly path: string;
  readonly length: number;
}

/** The graph of `.metadata` for tensors whose chunks have their places (torch.distributed.checkpoint.metadata.Metadata). */
export function metadataPickle(
  tensors: ReadonlyMap<string, StoredTensor>,
  objects?: StoredObjects,
): PickleValue {
  const stateDict = new Map<PickleValue, PickleValue>();
  const storage = new Map<PickleValue, PickleValue>();
  for (const [key, { dtype, shape, chunks }] of tensors) {
    stateDict.set(
      key,
      object("TensorStorageMetadata", {
        properties: properties(dtype),
        size: size(shape),
        chunks: chunks.map(({ offsets, sizes }) =>
          object("ChunkStorageMetadata", { offsets: size(offsets), sizes: size(sizes) }),
        ),
      }),
    );
    for (const [index, { offsets, path, offset, length }] of chunks.entries()) {
      const place = new PyObject(STORAGE_INFO, [], state({ relative_path: path, offset, length }));
      storage.set(object("MetadataIndex", { fqn: key, offset: size(offsets), index }), place);
    }
  }
  for (const key of objects?.keys ?? []) {
    stateDict.set(key, new PyObject(new PyGlobal(MODULE, "BytesStorageMetadata"), []));
    // Without an offset: that is how an object's index differs from a chunk's.
    storage.set(
      object("MetadataIndex", { fqn: key, index: null }),
      new PyObject(
        STORAGE_INFO,
        [],
        state({ relative_path: objects?.path ?? "", offset: 0, length: objects?.length ?? 0 }),
      ),
    );
  }
  return object("Metadata", {
    state_dict_metadata: stateDict,
    planner_data: null,
    storage_data: storage,
    storage_meta: object("StorageMeta", {
      checkpoint_id: null,
      save_id: null,
      load_id: null,
      modules: [],
    }),
    version: "1.0.0",
  });
}

function object(name: string, attributes: Readonly<Record<string, PickleValue>>): PyObject {
  return new PyObject(new PyGlobal(MODULE, name), [], state(attributes));
}

function state(attributes: Readonly<Record<string, PickleValue>>): Map<PickleValue, PickleValue> {
  return new Map(Object.entries(attributes));
}

function size(values: readonly number[]): PyReduce {
  return new PyReduce(new PyGlobal("torch", "Size"), [new PyTuple([...values])]);
}

/** dtype, layout, requires_grad, memory format, pin_memory: the tuple that TensorProperties.__setstate__ takes. */
function properties(dtype: Dtype): PyObject {
  return new PyObject(
    new PyGlobal(MODULE, "TensorProperties"),
    [],
    new PyTuple([
      new PyGlobal("torch", DTYPE_NAME[dtype]),
      new PyReduce(new PyGlobal("torch.serialization", "_get_layout"), ["torch.strided"]),
      false,
      new PyReduce(new PyGlobal(MODULE, "_MEM_FORMAT_ENCODING"), [0]),
      false,
    ]),
  );
}
