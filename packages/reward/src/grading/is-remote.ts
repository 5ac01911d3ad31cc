/** Whether a grader is a reward model that is asked over HTTP. The reference sends it the whole response, box or not. */
export function isRemote(rmType: string): boolean {
  return rmType === "remote_rm" || rmType === "boxed_remote_rm";
}
