import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { FileHash, type ContentDigests } from "./file-hash.ts";
import type { DiskCommand, DiskReply } from "./disk-message.ts";

/** The body of a thread that writes and hashes, see `DiskThreads`. */
const { memory } = workerData as { readonly memory: SharedArrayBuffer };
const files = new Map<number, FileHash>();

function carryOut(command: DiskCommand): ContentDigests | undefined {
  if (command.op === "open") {
    files.set(command.file, new FileHash(command.size, command.withBlobSha1));
    return undefined;
  }
  const hash = files.get(command.file);
  if (hash === undefined) throw new Error("the file is not open");
  if (command.op === "write") {
    const bytes = new Uint8Array(memory, command.at, command.length);
    for (let at = 0; at < bytes.length;)
      at += writeSync(command.fd, bytes, at, bytes.length - at, command.offset + at);
    if (command.hashed) hash.update(bytes);
  }
  if (command.op === "read") hash.read(command.fd, command.start, command.end);
  if (command.op === "drop") files.delete(command.file);
  return command.op === "digest" ? hash.digest() : undefined;
}

parentPort?.on("message", (command: DiskCommand) => {
  const reply = (rest: Omit<DiskReply, "id">): void =>
    parentPort?.postMessage({ id: command.id, ...rest });
  try {
    const digests = carryOut(command);
    reply(digests === undefined ? {} : { digests });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    reply({ error: { message, code } });
  }
});
