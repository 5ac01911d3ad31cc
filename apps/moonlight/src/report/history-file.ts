/** Where the embedded backend leaves its curves and samples, beside the checkpoint. */
export const HISTORY_FILE = "history.ndjson";
