import { execFileSync } from "node:child_process";

/** Whether this machine lets us mount a file system of our own, in a name space of our own. */
export const CAN_MOUNT = ((): boolean => {
  try {
    execFileSync("unshare", ["-rm", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
