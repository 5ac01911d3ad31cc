import type { Dtype } from "./dtype.ts";
import type { StoredContent } from "./transfer/stored-content.ts";

/** Bytes of a tensor, all at once or in blocks. */
export type TensorContent = Uint8Array | Promise<Uint8Array> | AsyncIterable<Uint8Array>;

/** A tensor to be written. */
export interface TensorSource {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Called once, when its turn has come. */
  read(): TensorContent;
  /** Where the bytes lie, if they lie in files: then threads copy them, as `dtype`, and `read` is not called. */
  readonly stored?: StoredContent;
}

/** The content as blocks, however it was given. */
export async function* contentBlocks(content: TensorContent): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content;
  else if (Symbol.asyncIterator in content) yield* content;
  else yield await content;
}
