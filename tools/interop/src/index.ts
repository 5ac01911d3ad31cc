export { npmEnvironment, pythonEnvironment, type EnvironmentOptions } from "./environment.ts";
export { TOPICS, type Topic } from "./topics.ts";
