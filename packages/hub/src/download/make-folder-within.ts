import { mkdir, realpath } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import { onDisk, VerificationError } from "@moonlight-rl/core";

/** Makes the folder of `target`, and makes sure that no link on the way leads out of `directory`. */
export async function makeFolderWithin(directory: string, target: string): Promise<void> {
  await onDisk(target, async () => {
    const folder = dirname(target);
    await mkdir(folder, { recursive: true });
    const inside = relative(await realpath(directory), await realpath(folder));
    if (inside !== ".." && !inside.startsWith(`..${sep}`)) return;
    throw new VerificationError(
      "HUB_UNSAFE_PATH",
      `${target} would be written outside of ${directory}`,
      {
        file: folder,
        hint: "A folder on the way is a symbolic link: remove it, or choose another folder.",
      },
    );
  });
}
