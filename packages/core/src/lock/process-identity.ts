import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** The start of a process that has ended, even when its parent has not collected it yet. */
const GONE = "gone";

/** Distinguishes this process from a later one that got its pid; "unknown" where the system does not tell. */
export async function processStart(pid: number): Promise<string> {
  if (process.platform === "linux") return linuxStart(pid);
  if (process.platform === "win32") return "unknown";
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)], {
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    });
    return stdout.trim() || "unknown";
  } catch {
    return "unknown";
  }
}

/** Whether the process that had this pid and start is still there. */
export async function isAlive(pid: number, start: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = await processStart(pid);
  if (now === GONE) return false;
  return now === "unknown" || start === "unknown" || now === start;
}

/** Boot id and start time in ticks since boot (field 22 of /proc/<pid>/stat): unique across reboots. */
async function linuxStart(pid: number): Promise<string> {
  try {
    const [boot, status] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    // The command name in parentheses may hold anything, so fields are counted after it.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return GONE;
    return `${boot.trim()}:${fields[19] ?? ""}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? GONE : "unknown";
  }
}
