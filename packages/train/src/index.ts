export { train } from "./stage.ts";
export { BACKEND_NAMES, loadBackend, type BackendName } from "./backend/load-backend.ts";
export type {
  MilesSettings,
  Refusal,
  TrainBackend,
  TrainRequest,
  TrainResult,
} from "./backend/train-backend.ts";
