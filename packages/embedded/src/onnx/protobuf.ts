/** Appends Protocol Buffers fields; only the wire types that ONNX models use. */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  /** A varint field: int32, int64, enum or bool. Negative values take ten bytes, as the format says. */
  int(field: number, value: number | bigint): this {
    return this.#append(varint(BigInt(field << 3))).#append(
      varint(BigInt.asUintN(64, BigInt(value))),
    );
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#append(varint(BigInt((field << 3) | 5))).#append(bytes);
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#append(varint(BigInt((field << 3) | 2))).#append(
      varint(BigInt(value.byteLength)),
    ).#append(value);
  }

  message(field: number, value: ProtobufWriter): this {
    return this.bytes(field, value.finish());
  }

  finish(): Uint8Array {
    const result = new Uint8Array(this.#size);
    let offset = 0;
    for (const chunk of this.#chunks) {
      result.set(chunk, offset);
      offset += chunk.byteLength;
    }
    return result;
  }

  #append(bytes: Uint8Array): this {
    this.#chunks.push(bytes);
    this.#size += bytes.byteLength;
    return this;
  }
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}
