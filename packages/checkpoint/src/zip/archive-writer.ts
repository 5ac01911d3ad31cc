import { crc32 } from "node:zlib";

/** A record of a torch.save archive: its content, or only its size when the content is streamed. */
export interface ZipRecord {
  readonly name: string;
  readonly content: Uint8Array | { readonly size: number };
}

/** The bytes around one streamed record. Their lengths do not depend on the streamed content. */
export interface ArchiveFrame {
  /** Everything up to the streamed record's first byte. */
  readonly prefix: Uint8Array;
  /** Everything after its last byte, given its CRC-32. */
  readonly suffix: (crc: number) => Uint8Array;
  /** prefix + content + suffix. */
  readonly totalSize: number;
}

const ALIGNMENT = 64;
const FLAGS = 0x0808; // sizes follow the data; names are UTF-8
const LOCAL_HEADER = 30;
const DESCRIPTOR = 16;

/**
 * Lays out a zip as torch.save writes it: stored records, each aligned to 64 bytes by an "FB" extra field, data descriptors,
 * zip64 end records. At most one record is streamed. (Source: pytorch caffe2/serialize/inline_container.cc.)
 */
export function frameArchive(records: readonly ZipRecord[]): ArchiveFrame {
  const streamed = records.findIndex(({ content }) => !(content instanceof Uint8Array));
  const before: Uint8Array[] = [];
  const offsets: number[] = [];
  let cursor = 0;
  const layout = records.map(({ name, content }) => {
    const offset = cursor;
    const header = localHeader(name, offset);
    const size = content instanceof Uint8Array ? content.byteLength : content.size;
    cursor += header.byteLength + size + DESCRIPTOR;
    offsets.push(offset);
    return { name, content, size, offset, header };
  });
  const crcs = layout.map(({ content }) => (content instanceof Uint8Array ? crc32(content) : 0));
  const cut = streamed === -1 ? layout.length : streamed;
  for (const [i, { header, content, size }] of layout.slice(0, cut).entries()) {
    before.push(header);
    if (content instanceof Uint8Array) before.push(content);
    before.push(descriptor(crcs[i] ?? 0, size));
  }
  const streamedHeader = layout[cut]?.header;
  if (streamedHeader !== undefined) before.push(streamedHeader);
  const prefix = Buffer.concat(before);

  const suffix = (crc: number): Uint8Array => {
    const all = crcs.map((value, i) => (i === streamed ? crc : value));
    const after: Uint8Array[] = [];
    for (const [i, { header, content, size }] of layout.entries()) {
      if (i < cut) continue;
      if (content instanceof Uint8Array) after.push(header, content);
      after.push(descriptor(all[i] ?? 0, size));
    }
    const directory = Buffer.concat(
      layout.map(({ name, size, offset }, i) => centralHeader(name, all[i] ?? 0, size, offset)),
    );
    return Buffer.concat([
      ...after,
      directory,
      endRecords(layout.length, directory.byteLength, cursor),
    ]);
  };
  const content = layout[cut]?.size ?? 0;
  return { prefix, suffix, totalSize: prefix.byteLength + content + suffix(0).byteLength };
}

/** A whole small archive. */
export function writeArchive(
  records: readonly { readonly name: string; readonly content: Uint8Array }[],
): Uint8Array {
  const { prefix, suffix } = frameArchive(records);
  return Buffer.concat([prefix, suffix(0)]);
}

function localHeader(name: string, offset: number): Buffer {
  const nameBytes = Buffer.from(name);
  const before = offset + LOCAL_HEADER + nameBytes.length + 4;
  const padding = (ALIGNMENT - (before % ALIGNMENT)) % ALIGNMENT;
  const header = Buffer.alloc(LOCAL_HEADER);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt16LE(nameBytes.length, 26);
  header.writeUInt16LE(4 + padding, 28);
  const extra = Buffer.alloc(4 + padding, "Z");
  extra.write("FB", 0, "latin1");
  extra.writeUInt16LE(padding, 2);
  return Buffer.concat([header, nameBytes, extra]);
}

function descriptor(crc: number, size: number): Buffer {
  const bytes = Buffer.alloc(DESCRIPTOR);
  bytes.writeUInt32LE(0x08074b50, 0);
  bytes.writeUInt32LE(crc, 4);
  bytes.writeUInt32LE(size, 8);
  bytes.writeUInt32LE(size, 12);
  return bytes;
}

function centralHeader(name: string, crc: number, size: number, offset: number): Buffer {
  const nameBytes = Buffer.from(name);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(FLAGS, 8);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(size, 20);
  header.writeUInt32LE(size, 24);
  header.writeUInt16LE(nameBytes.length, 28);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, nameBytes]);
}

function endRecords(count: number, directorySize: number, directoryOffset: number): Buffer {
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE(0x031e, 12);
  end64.writeUInt16LE(45, 14);
  end64.writeBigUInt64LE(BigInt(count), 24);
  end64.writeBigUInt64LE(BigInt(count), 32);
  end64.writeBigUInt64LE(BigInt(directorySize), 40);
  end64.writeBigUInt64LE(BigInt(directoryOffset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(directoryOffset + directorySize), 8);
  locator.writeUInt32LE(1, 16);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directorySize, 12);
  end.writeUInt32LE(directoryOffset, 16);
  return Buffer.concat([end64, locator, end]);
}
