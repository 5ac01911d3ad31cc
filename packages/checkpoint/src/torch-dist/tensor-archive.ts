import { sha256 } from "@moonlight-rl/core";
import { elementCount, tensorBytes, type Dtype } from "../dtype.ts";
import {
  PyGlobal,
  PyObject,
  PyPersistent,
  PyReduce,
  PyTuple,
  type PickleValue,
} from "../pickle/value.ts";
import { writePickle } from "../pickle/write.ts";
import { frameArchive, writeArchive, type ArchiveFrame } from "../zip/archive-writer.ts";

/** torch's storage class of a dtype. */
export const STORAGE: Readonly<Record<Dtype, string>> = {
  F32: "FloatStorage",
  F16: "HalfStorage",
  BF16: "BFloat16Storage",
};

/** The torch.save archive of one contiguous CPU tensor, around its bytes. `seed` fixes the serialization id. */
export function frameTensor(shape: readonly number[], dtype: Dtype, seed: string): ArchiveFrame {
  const storage = new PyPersistent(
    new PyTuple([
      "storage",
      new PyGlobal("torch", STORAGE[dtype]),
      "0",
      "cpu",
      elementCount(shape),
    ]),
  );
  const tensor = rebuild(storage, shape);
  return frameArchive(records(writePickle(tensor), seed, { size: tensorBytes(shape, dtype) }));
}

/** The torch.save archive of `[torch.empty(0, dtype=torch.uint8)]`: what Transformer Engine keeps when it has no fp8 state. */
export function emptyStateArchive(): Uint8Array {
  const storage = new PyPersistent(
    new PyTuple(["storage", new PyGlobal("torch", "ByteStorage"), "0", "cpu", 0]),
  );
  const pickle = writePickle([rebuild(storage, [0])]);
  const { prefix, suffix } = frameArchive(records(pickle, "extra state", { size: 0 }));
  return Buffer.concat([prefix, suffix(0)]);
}

/** The torch.save archive of a value without tensors. */
export function archiveOf(value: PickleValue, seed: string): Uint8Array {
  return writeArchive(
    records(writePickle(value), seed).map(({ name, content }) => ({
      name,
      content: content as Uint8Array,
    })),
  );
}

function rebuild(storage: PyPersistent, shape: readonly number[]): PyReduce {
  return new PyReduce(new PyGlobal("torch._utils", "_rebuild_tensor_v2"), [
    storage,
    0,
    new PyTuple([...shape]),
    new PyTuple(strides(shape)),
    false,
    new PyReduce(new PyGlobal("collections", "OrderedDict"), []),
  ]);
}

/** Record order of current torch: pickle, format facts, data, version, serialization id. */
function records(
  pickle: Uint8Array,
  seed: string,
  data?: { size: number },
): { name: string; content: Uint8Array | { size: number } }[] {
  const text = (name: string, content: string): { name: string; content: Uint8Array } => ({
    name: `archive/${name}`,
    content: Buffer.from(content),
  });
  return [
    { name: "archive/data.pkl", content: pickle },
    text(".format_version", "1"),
    text(".storage_alignment", "64"),
    text("byteorder", "little"),
    ...(data === undefined ? [] : [{ name: "archive/data/0", content: data }]),
    text("version", "3\n"),
    text(".data/serialization_id", serializationId(seed)),
  ];
}

/** Forty decimal digits that are a function of the seed: torch wants an id, we want equal bytes for equal content. */
function serializationId(seed: string): string {
  return BigInt(`0x${sha256(seed)}`)
    .toString()
    .slice(0, 40)
    .padStart(40, "0");
}

/** Row-major strides in elements. */
export function strides(shape: readonly number[]): number[] {
  const result: number[] = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--)
    result[axis] = (result[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  return result;
}

/** An `argparse.Namespace` with these attributes. */
export function namespace(attributes: ReadonlyMap<string, PickleValue>): PyObject {
  return new PyObject(
    new PyGlobal("argparse", "Namespace"),
    [],
    new Map<PickleValue, PickleValue>(attributes),
  );
}
