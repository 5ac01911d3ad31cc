export { npmEnvironment, pythonEnvironment, type EnvironmentOptions } from "./environment.ts";
