import { isMoonlightError, VerificationError } from "@moonlight-rl/core";
import type { Dtype } from "../dtype.ts";
import { refuse, type OnFault } from "../fault.ts";
import { PyObject, PyReduce, PyTuple, typeName, type PickleValue } from "../pickle/value.ts";
import type { StoredChunk, StoredTensor } from "./layout.ts";
import { DTYPE_NAME, MODULE } from "./metadata-pickle.ts";

export interface MetadataContent {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Keys that are not read: a dtype that is not a weight's (`torch.int64`), or `bytes` (extra states, rng). */
  readonly others: ReadonlyMap<string, string>;
}

/** What a `.metadata` describes; any surprise is an error, and one with a single tensor a fault. */
export function contentOfMetadata(
  value: PickleValue,
  file: string,
  onFault: OnFault = refuse,
): MetadataContent {
  const fault: Fault = (what, field) =>
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
    if (typeof fqn !== "string") {
      onFault(fault("a storage entry has no name"));
      continue;
    }
    if (offset === undefined || offset === null) continue;
    const place = Object.fromEntries(fields(info));
    const { relative_path: path, offset: at, length } = place;
    if (typeof path !== "string" || !isSize(at) || !isSize(length))
      onFault(fault("a storage entry has no place", fqn));
    else if (/(^|[\\/])\.\.([\\/]|$)|^[\\/]/.test(path))
      onFault(fault(`a storage entry leaves the folder: ${path}`, fqn));
    else places.set(placeKey(fqn, sizes(offset) ?? []), { path, offset: at, length });
  }

  const tensors = new Map<string, StoredTensor>();
  const others = new Map<string, string>();
  for (const [key, entry] of stateDict) {
    if (typeof key !== "string") onFault(fault("a tensor's name is not a string"));
    else if (typeName(entry) === `${MODULE}.BytesStorageMetadata`) others.set(key, "bytes");
    else {
      const found = storedTensor(key, fields(entry), places, fault);
      if (isMoonlightError(found)) onFault(found);
      else if (typeof found === "string") others.set(key, found);
      else tensors.set(key, found);
    }
  }
  return { tensors, others };
}

type Fault = (what: string, field?: string) => VerificationError;
type Places = ReadonlyMap<string, { path: string; offset: number; length: number }>;

/** The tensor, or the name of a dtype that is not a weight's. */
function storedTensor(
  key: string,
  entry: ReadonlyMap<string, PickleValue>,
  places: Places,
  fault: Fault,
): StoredTensor | string | VerificationError {
  const shape = sizes(entry.get("size"));
  const chunks = entry.get("chunks");
  const dtypeName = dtypeNameOf(entry.get("properties"));
  if (shape === undefined || !Array.isArray(chunks))
    return fault(`tensor ${key} has no shape or no chunks`, key);
  if (dtypeName === undefined) return fault(`tensor ${key} has no dtype`, key);
  const dtype = (Object.keys(DTYPE_NAME) as Dtype[]).find(
    (known) => dtypeName === `torch.${DTYPE_NAME[known]}`,
  );
  if (dtype === undefined) return dtypeName;
  const stored: StoredChunk[] = [];
  for (const chunk of chunks) {
    const found = storedChunk(chunk, key, places, fault);
    if (isMoonlightError(found)) return found;
    stored.push(found);
  }
  return { dtype, shape, chunks: stored };
}

function storedChunk(
  chunk: PickleValue,
  key: string,
  places: Places,
  fault: Fault,
): StoredChunk | VerificationError {
  const region = fields(chunk);
  const offsets = sizes(region.get("offsets"));
  const extents = sizes(region.get("sizes"));
  if (offsets === undefined || extents === undefined)
    return fault(`a chunk of ${key} has no region`, key);
  const place = places.get(placeKey(key, offsets));
  if (place === undefined)
    return fault(`the chunk of ${key} at [${offsets.join(", ")}] is stored nowhere`, key);
  return { offsets, sizes: extents, ...place };
}

function placeKey(fqn: string, offsets: readonly number[]): string {
  return `${fqn}@${offsets.join(",")}`;
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
