export { solvablePrompts } from "./stage.ts";
