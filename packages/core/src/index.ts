export { EXIT_CODE } from "./exit-code.ts";
export {
  GateError,
  InterruptedError,
  MoonlightError,
  PreflightError,
  TemporaryError,
  UsageError,
  VerificationError,
  isMoonlightError,
  throwIfAborted,
  type ErrorDetails,
} from "./error.ts";
export { toMoonlightError } from "./to-moonlight-error.ts";
export { canonicalJson, type Json } from "./json.ts";
export { digestOf, hashFile, newSha256, sha256, type Sha256 } from "./digest.ts";
export {
  TEMPORARY_SUFFIX,
  publishDirectory,
  removePath,
  syncDirectory,
  syncFile,
  writeFileAtomic,
  writeJsonAtomic,
} from "./atomic-file.ts";
export { onDisk, onDiskSync, requireSpace } from "./disk.ts";
export { readJson, validate, type ValidateOptions } from "./validate.ts";
export { closest } from "./suggest.ts";
export {
  eventSchema,
  toMetricValue,
  type Emit,
  type EventInput,
  type MoonlightEvent,
} from "./event.ts";
export { formatBytes, formatDuration, formatPercent } from "./format.ts";
export { formatTable, type Column, type TableOptions } from "./table.ts";
export { wrapText, type WrapOptions } from "./wrap.ts";
export { html, trusted, type Html, type HtmlValue } from "./html.ts";
export { htmlDocument, type HtmlDocument } from "./html-document.ts";
export { NdjsonWriter, readNdjson } from "./ndjson.ts";
export {
  acquireLock,
  lockHolder,
  type Lock,
  type LockHolder,
  type LockOptions,
} from "./lock/lock.ts";
export { isAlive, processStart } from "./lock/process-identity.ts";
export { History, HISTORY_FILE, type HistoryEvent } from "./history.ts";
export {
  recordedSampleSchema,
  rolloutFile,
  ROLLOUT_INDEX,
  ROLLOUTS_FOLDER,
  type RecordedGroup,
  type RecordedSample,
  type RolloutHeader,
  type RolloutIndexLine,
} from "./rollouts/record.ts";
export {
  layOut,
  promptName,
  RolloutRecorder,
  spread,
  summarise,
  type RolloutGroup,
} from "./rollouts/recorder.ts";
export { RolloutReader } from "./rollouts/reader.ts";
