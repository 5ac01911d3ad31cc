import { fromFloat32, itemSize, toFloat32, type Dtype } from "./dtype.ts";

/** Another dtype, block by block. Widening is exact, narrowing rounds to nearest even. */
export async function* recast(
  content: AsyncIterable<Uint8Array>,
  from: Dtype,
  to: Dtype,
): AsyncGenerator<Uint8Array> {
  for await (const block of wholeElements(content, itemSize(from))) {
    // A part of an element, at the end, stays as it is: whoever counts the bytes must see it.
    if (block.byteLength % itemSize(from) === 0) yield fromFloat32(toFloat32(block, from), to);
    else yield block;
  }
}

/** The same bytes in blocks that do not end within an element, except the last. */
export async function* wholeElements(
  content: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array(0);
  for await (const block of content) {
    const bytes = rest.byteLength === 0 ? block : Buffer.concat([rest, block]);
    const whole = bytes.byteLength - (bytes.byteLength % size);
    rest = Uint8Array.from(bytes.subarray(whole));
    if (whole > 0) yield bytes.subarray(0, whole);
  }
  if (rest.byteLength > 0) yield rest;
}
