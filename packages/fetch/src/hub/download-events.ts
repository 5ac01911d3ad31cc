import { formatBytes, type Emit } from "@moonlight-rl/core";
import type { DownloadedRepo, DownloadProgress, RepoFile } from "@moonlight-rl/hub";
import { groupLeftOut, leftOutText } from "../request/left-out.ts";
import type { Order } from "../request/request.ts";

const INTERVAL_MS = 200;
/** Smaller files are through before anybody could read their line. */
const OWN_LINE_BYTES = 32 << 20;

/** Turns a client's progress into events: a few a second, and always the last one; large files also have their own. */
export function progressEvents(task: string, emit: Emit): (progress: DownloadProgress) => void {
  let last = Number.NEGATIVE_INFINITY;
  const told = new Map<string, number>();
  return ({ path, done, total, fileDone, fileSize }) => {
    const now = performance.now();
    const before = told.get(path) ?? Number.NEGATIVE_INFINITY;
    if (fileSize >= OWN_LINE_BYTES && (now - before >= INTERVAL_MS || fileDone >= fileSize)) {
      told.set(path, now);
      const file = { task: path, done: fileDone, total: fileSize, part: true };
      emit({ type: "progress", unit: "bytes", ...file });
    }
    if (now - last < INTERVAL_MS && done < total) return;
    last = now;
    emit({ type: "progress", task, done, total, unit: "bytes", message: path });
  };
}

/** Says once, before the download, what is taken and what is not. */
export function tellSelection(order: Order, emit: Emit): void {
  const { type, repo, commit, files, leftOut } = order;
  const left = leftOutTexts(order).map((text) => `; left out, ${text}`);
  emit({
    type: "log",
    message: `${type} ${repo} at ${commit.slice(0, 12)}: ${count(files)}${left.join("")}`,
    data: { repo, commit, leftOut: leftOut.map((file) => file.path) },
  });
}

/** What is left out and why, a line for each reason, the largest first. */
export function leftOutTexts({ type, listing, leftOut, selection }: Order): string[] {
  return groupLeftOut(type, listing, leftOut, selection).map(leftOutText);
}

/** Says what an earlier, interrupted run had left, when it had. */
export function tellResumption(
  order: Order,
  bytes: Omit<DownloadedRepo["bytes"], "total">,
  emit: Emit,
): void {
  if (bytes.kept === 0) return;
  emit({
    type: "log",
    message: `${order.repo}: ${formatBytes(bytes.kept)} were here from an earlier run (${formatBytes(bytes.reread)} read again for their digests), ${formatBytes(bytes.fetched)} fetched`,
    data: { ...bytes },
  });
}

/** "12 files, 3.40 GB" */
export function count(files: readonly RepoFile[]): string {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  return `${files.length} file${files.length === 1 ? "" : "s"}, ${formatBytes(bytes)}`;
}
