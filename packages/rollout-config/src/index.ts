export { rolloutConfig } from "./stage.ts";
export { checkChoices, type ConfigChoices } from "./check/check-choices.ts";
