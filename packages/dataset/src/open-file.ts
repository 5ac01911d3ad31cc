import { open, type FileHandle } from "node:fs/promises";
import { PreflightError } from "@moonlight-rl/core";

/** Opens a data file for reading. Errors: `DATASET_FILE_UNREADABLE`. */
export async function openFile(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, "r");
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (cause) {
    const message = `Cannot read ${file}: ${(cause as Error).message}`;
    throw new PreflightError("DATASET_FILE_UNREADABLE", message, { file, cause });
  }
  throw new PreflightError("DATASET_FILE_UNREADABLE", `${file} is no file.`, { file });
}
