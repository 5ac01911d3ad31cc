import { open } from "node:fs/promises";
import { VerificationError } from "@moonlight-rl/core";
import { readPickle } from "../pickle/read.ts";
import { readArchive, readRecord } from "../zip/archive-reader.ts";
import { plainCommon, type PlainObject } from "./common.ts";

const MAX_STATE = 1 << 26;

/**
 * A dict that `torch.save` wrote, as plain data: an iteration's `common.pt`, the framework's dataset state. Nothing of the
 * pickle is executed. Errors: `FILE_MISSING`, and those of a damaged archive or pickle.
 */
export async function readPlainState(file: string): Promise<PlainObject> {
  const handle = await open(file, "r").catch((cause: unknown) => {
    throw new VerificationError("FILE_MISSING", `The checkpoint lacks ${file}.`, { file, cause });
  });
  try {
    const slice = { handle, file, offset: 0, length: (await handle.stat()).size };
    const pickle = await readRecord(slice, await readArchive(slice), "data.pkl", MAX_STATE);
    return plainCommon(readPickle(pickle, file), file);
  } finally {
    await handle.close();
  }
}
