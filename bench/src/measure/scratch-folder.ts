import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

const PREFIX = "moonlight-bench-";

/**
 * A new folder in `parent`, for as long as this process lives: whoever makes the next one removes what a killed bench
 * has left there, and ends the server that was left with it.
 */
export async function scratchFolder(parent: string): Promise<string> {
  for (const name of await readdir(parent)) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    await endServer(join(parent, name));
    await rm(join(parent, name), { recursive: true, force: true });
  }
  return await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
}

/** Ends the process of `nginx.pid`, if it still is the server of that folder. */
async function endServer(folder: string): Promise<void> {
  const pid = Number(await readFile(join(folder, "nginx.pid"), "utf8").catch(() => "0"));
  if (!Number.isInteger(pid) || pid <= 1) return;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  if (command.includes(folder)) process.kill(pid, "SIGTERM");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
