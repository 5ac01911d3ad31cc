export { rolloutConfig } from "./stage.ts";
