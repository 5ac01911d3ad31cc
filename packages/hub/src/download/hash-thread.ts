import { parentPort } from "node:worker_threads";
import { FileHash, type ContentDigests } from "./file-hash.ts";
import type { HashCommand, HashReply } from "./hash-message.ts";

/** The body of a hashing thread, see `HashThreads`. */
const files = new Map<number, FileHash>();

function carryOut(command: HashCommand): ContentDigests | undefined {
  if (command.op === "open") {
    files.set(command.file, new FileHash(command.size, command.withBlobSha1));
    return undefined;
  }
  const hash = files.get(command.file);
  if (command.op === "drop") files.delete(command.file);
  if (hash === undefined) return undefined;
  if (command.op === "update") hash.update(new Uint8Array(command.bytes, 0, command.length));
  if (command.op === "read") hash.read(command.fd, command.start, command.end);
  return command.op === "digest" ? hash.digest() : undefined;
}

parentPort?.on("message", (command: HashCommand) => {
  const bytes = command.op === "update" ? { bytes: command.bytes } : {};
  const reply = (rest: Omit<HashReply, "id">): void =>
    parentPort?.postMessage({ id: command.id, ...bytes, ...rest }, Object.values(bytes));
  try {
    const digests = carryOut(command);
    reply(digests === undefined ? {} : { digests });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    reply({ error: { message, code } });
  }
});
