import type { FileHandle } from "node:fs/promises";
import { VerificationError } from "@moonlight-rl/core";
import { readExactly } from "../read-range.ts";

/** A stored record of an archive: where its bytes are in the file. */
export interface ZipEntry {
  readonly offset: number;
  readonly size: number;
  /** 0: the writer did not compute it. */
  readonly crc: number;
}

/** The part of a file that is one archive. */
export interface ArchiveSlice {
  readonly handle: FileHandle;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

const END_SIZE = 22;
const MAX_COMMENT = 65_535;
const MAX_DIRECTORY = 1 << 20;

/**
 * Reads the directory of a torch.save archive: record name without its root folder → place. Only stored records are
 * accepted, all within the slice.
 */
export async function readArchive(slice: ArchiveSlice): Promise<Map<string, ZipEntry>> {
  const { handle, file, offset, length } = slice;
  const fault = (what: string, at: number): VerificationError =>
    new VerificationError("ZIP_INVALID", `${file}: ${what} (byte ${offset + at}).`, {
      file,
      byteOffset: offset + at,
      hint: "The checkpoint is damaged: make it again.",
    });
  if (length < END_SIZE) throw fault(`an archive of ${length} bytes`, 0);
  if ((await readExactly(handle, offset, 4, file)).readUInt32LE() !== 0x04034b50)
    throw fault("no zip archive begins here", 0);

  const tailSize = Math.min(length, END_SIZE + MAX_COMMENT);
  const tail = await readExactly(handle, offset + length - tailSize, tailSize, file);
  let end = tailSize - END_SIZE;
  while (end >= 0 && tail.readUInt32LE(end) !== 0x06054b50) end--;
  if (end < 0) throw fault("the archive has no end record", length);
  const count = tail.readUInt16LE(end + 10);
  const size = tail.readUInt32LE(end + 12);
  const start = tail.readUInt32LE(end + 16);
  if (size > MAX_DIRECTORY || start + size > length)
    throw fault("the directory is not within the archive", length - tailSize + end);

  const directory = await readExactly(handle, offset + start, size, file);
  const entries = new Map<string, ZipEntry>();
  for (let i = 0, at = 0; i < count; i++) {
    if (at + 46 > size || directory.readUInt32LE(at) !== 0x02014b50)
      throw fault("the directory is damaged", start + at);
    const [nameSize, extraSize, commentSize] = [
      directory.readUInt16LE(at + 28),
      directory.readUInt16LE(at + 30),
      directory.readUInt16LE(at + 32),
    ];
    const name = directory.toString("utf8", at + 46, at + 46 + nameSize);
    if (directory.readUInt16LE(at + 10) !== 0)
      throw fault(`record ${name} is compressed`, start + at);
    const [crc, stored, header] = [
      directory.readUInt32LE(at + 16),
      directory.readUInt32LE(at + 24),
      directory.readUInt32LE(at + 42),
    ];
    entries.set(name.slice(name.indexOf("/") + 1), {
      crc,
      size: stored,
      offset: await dataOffset(slice, header, stored, fault),
    });
    at += 46 + nameSize + extraSize + commentSize;
  }
  return entries;
}

/** Name and extra field of the local header have lengths of their own. */
async function dataOffset(
  { handle, file, offset, length }: ArchiveSlice,
  header: number,
  size: number,
  fault: (what: string, at: number) => VerificationError,
): Promise<number> {
  if (header + 30 > length) throw fault("a record is not within the archive", header);
  const local = await readExactly(handle, offset + header, 30, file);
  if (local.readUInt32LE(0) !== 0x04034b50) throw fault("a record has no header", header);
  const data = header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (data + size > length) throw fault("a record is not within the archive", data);
  return offset + data;
}

/** The bytes of a small record. */
export async function readRecord(
  { handle, file, offset }: ArchiveSlice,
  entries: ReadonlyMap<string, ZipEntry>,
  name: string,
  limit: number,
): Promise<Uint8Array> {
  const entry = entries.get(name);
  if (entry === undefined)
    throw new VerificationError("ZIP_INVALID", `${file}: the archive has no record ${name}.`, {
      file,
      byteOffset: offset,
      field: name,
    });
  if (entry.size > limit)
    throw new VerificationError(
      "ZIP_INVALID",
      `${file}: record ${name} has ${entry.size} bytes, over the limit of ${limit}.`,
      { file, byteOffset: entry.offset, field: name },
    );
  return readExactly(handle, entry.offset, entry.size, file);
}
