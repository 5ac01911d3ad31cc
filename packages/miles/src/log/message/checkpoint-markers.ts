import type { CheckpointAction, CheckpointMark } from "../log-event.ts";
import { eventAt } from "./located.ts";
import { matched, type Marker } from "./marker.ts";

const STAMP = String.raw`\[\d{4}-\d\d-\d\d [\d:.]+\] `;

/** Megatron prints these without the framework's header, but with a stamp of its own. */
const STAMPED = /^ *\[(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})/;

/** What Megatron prints of weights, and the framework logs of the position in the data. */
export const CHECKPOINT_MARKERS: readonly Marker[] = [
  checkpoint(
    "[",
    "saving",
    new RegExp(`^${STAMP}saving checkpoint at iteration +(\\d+) to (.+) in \\S+ format$`),
  ),
  checkpoint(
    "  [",
    "saved",
    new RegExp(
      `^ {2}${STAMP}successfully saved (?:local )?checkpoint from iteration +(\\d+)(?: to (.+?))?(?: \\[ t .*)?$`,
    ),
  ),
  checkpoint(
    "  [",
    "scheduled",
    new RegExp(`^ {2}${STAMP}scheduled an async checkpoint save at iteration +(\\d+) to (.+)$`),
  ),
  checkpoint(
    "  [",
    "deleted",
    new RegExp(`^ {2}${STAMP}successfully deleted checkpoint from iteration +(\\d+) at (.+)$`),
  ),
  checkpoint(
    "  encountered exception ",
    "delete-failed",
    /when trying to delete checkpoint from iteration +(\d+) at (.+)$/,
  ),
  checkpoint(
    " loading ",
    "loading",
    /^ loading (?:distributed )?checkpoint from (.+) at iteration (\d+)$/,
    [2, 1],
  ),
  checkpoint(
    " loading ",
    "loading",
    /^ loading release (?:distributed )?checkpoint from (.+)$/,
    [0, 1],
  ),
  checkpoint(
    "  successfully loaded checkpoint from ",
    "loaded",
    /^ {2}successfully loaded checkpoint from (.+?) \[ t .*\] at iteration (\d+)$/,
    [2, 1],
  ),
  checkpoint("Load checkpoint from HuggingFace", "loading", /\(path=(.+)\)$/, [0, 1]),
  checkpoint("WARNING: could not find the metadata file ", "not-found", / file (.+)$/, [0, 1]),
  checkpoint("Checkpoint ", "data-state-missing", /^Checkpoint (.+) does not exist\.$/, [0, 1]),
  checkpoint("load metadata from ", "data-state-loaded", /^load metadata from (.+)$/, [0, 1]),
  checkpoint("Successfully saved merged HuggingFace model to ", "exported", / to (.+)$/, [0, 1]),
  checkpoint("Failed to save HuggingFace format: ", "export-failed", /: (.+)$/, [0, 0]),
];

/** @param groups which groups of the pattern are iteration and path; 0: none */
function checkpoint(
  begins: string,
  action: CheckpointAction,
  pattern: RegExp,
  [iteration, path]: readonly [number, number] = [1, 2],
): Marker {
  return matched(begins, pattern, (found, at): CheckpointMark => {
    const number = iteration === 0 ? undefined : found[iteration];
    const folder = path === 0 ? undefined : found[path];
    const [, date, time] = STAMPED.exec(found.input) ?? [];
    const place =
      date === undefined || time === undefined ? at : { ...at, time: `${date} ${time}` };
    return eventAt(place, {
      kind: "checkpoint",
      action,
      ...(number === undefined ? {} : { iteration: Number(number) }),
      ...(folder === undefined ? {} : { path: folder }),
    });
  });
}
