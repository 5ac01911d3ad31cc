import { VerificationError } from "@moonlight-rl/core";
import type { Dtype } from "../dtype.ts";
import {
  PyGlobal,
  PyObject,
  PyReduce,
  PyTuple,
  typeName,
  type PickleValue,
} from "../pickle/value.ts";
import type { StoredChunk, StoredTensor } from "./layout.ts";

const MODULE = "torch.distributed.checkpoint.metadata";
const STORAGE_INFO = new PyGlobal("torch.distributed.checkpoint.filesystem", "_StorageInfo");
const DTYPE_NAME: Readonly<Record<Dtype, string>> = {
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

export interface MetadataContent {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Keys that are not read: a dtype that is not a weight's (`torch.int64`), or `bytes` (extra states, rng). */
  readonly others: ReadonlyMap<string, string>;
}

/** What a `.metadata` describes; any surprise is an error. */
export function contentOfMetadata(value: PickleValue, file: string): MetadataContent {
  const fault = (what: string, field?: string): VerificationError =>
    new VerificationError("METADATA_INVALID", `${file}: ${what}.`, {
      file,
      ...(field === undefined ? {} : { field }),
    });
  if (typeName(value) !== `${MODULE}.Metadata`)
    throw fault("this is not the metadata of a torch.distributed checkpoint");
  const metadata = fields(value);
  const stateDict = metadata.get("state_dict_metadata");
  const storage = metadata.get("storage_data");
  if (!(stateDict instanceof Map) || !(storage instanceof Map))
    throw fault("state_dict_metadata or storage_data is not a dict");

  const places = new Map<string, { path: string; offset: number; length: number }>();
  for (const [index, info] of storage) {
    const { fqn, offset } = Object.fromEntries(fields(index));
    if (typeof fqn !== "string") throw fault("a storage entry has no name");
    if (offset === undefined || offset === null) continue;
    const place = Object.fromEntries(fields(info));
    const { relative_path: path, offset: at, length } = place;
    if (typeof path !== "string" || !isSize(at) || !isSize(length))
      throw fault("a storage entry has no place", fqn);
    if (/(^|[\\/])\.\.([\\/]|$)|^[\\/]/.test(path))
      throw fault(`a storage entry leaves the folder: ${path}`, fqn);
    places.set(placeKey(fqn, sizes(offset) ?? []), { path, offset: at, length });
  }

  const tensors = new Map<string, StoredTensor>();
  const others = new Map<string, string>();
  for (const [key, entry] of stateDict) {
    if (typeof key !== "string") throw fault("a tensor's name is not a string");
    if (typeName(entry) === `${MODULE}.BytesStorageMetadata`) {
      others.set(key, "bytes");
      continue;
    }
    const tensor = fields(entry);
    const shape = sizes(tensor.get("size"));
    const chunks = tensor.get("chunks");
    const dtypeName = dtypeNameOf(tensor.get("properties"));
    if (shape === undefined || !Array.isArray(chunks))
      throw fault(`tensor ${key} has no shape or no chunks`, key);
    if (dtypeName === undefined) throw fault(`tensor ${key} has no dtype`, key);
    const dtype = (Object.keys(DTYPE_NAME) as Dtype[]).find(
      (known) => dtypeName === `torch.${DTYPE_NAME[known]}`,
    );
    if (dtype === undefined) {
      others.set(key, dtypeName);
      continue;
    }
    tensors.set(key, {
      dtype,
      shape,
      chunks: chunks.map((chunk) => storedChunk(chunk, key, places, fault)),
    });
  }
  return { tensors, others };
}

function storedChunk(
  chunk: PickleValue,
  key: string,
  places: ReadonlyMap<string, { path: string; offset: number; length: number }>,
  fault: (what: string, field?: string) => VerificationError,
): StoredChunk {
  const region = fields(chunk);
  const offsets = sizes(region.get("offsets"));
  const extents = sizes(region.get("sizes"));
  if (offsets === undefined || extents === undefined)
    throw fault(`a chunk of ${key} has no region`, key);
  const place = places.get(placeKey(key, offsets));
  if (place === undefined)
    throw fault(`the chunk of ${key} at [${offsets.join(", ")}] is stored nowhere`, key);
  return { offsets, sizes: extents, ...place };
}

function placeKey(fqn: string, offsets: readonly number[]): string {
  return `${fqn}@${offsets.join(",")}`;
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

function dtypeNameOf(value: PickleValue | undefined): string | undefined {
  if (!(value instanceof PyObject)) return undefined;
  const dtype = value.state instanceof PyTuple ? value.state.items[0] : fields(value).get("dtype");
  return typeName(dtype);
}

/** Attributes of an object as its BUILD gave them; also the (dict, slots) pair of Python's copyreg. */
function fields(value: PickleValue | undefined): Map<string, PickleValue> {
  const found = new Map<string, PickleValue>();
  if (!(value instanceof PyObject) && !(value instanceof PyReduce)) return found;
  const states = value.state instanceof PyTuple ? value.state.items : [value.state];
  for (const part of states) {
    if (!(part instanceof Map)) continue;
    for (const [name, field] of part) if (typeof name === "string") found.set(name, field);
  }
  return found;
}

/** A torch.Size, tuple or list of non-negative whole numbers. */
function sizes(value: PickleValue | undefined): number[] | undefined {
  const inner =
    typeName(value) === "torch.Size" && value instanceof PyReduce ? value.args[0] : value;
  const items = inner instanceof PyTuple ? inner.items : Array.isArray(inner) ? inner : undefined;
  if (items === undefined || items.length > 16 || !items.every(isSize)) return undefined;
  return [...items];
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
