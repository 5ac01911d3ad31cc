import type { Command } from "commander";
import type { JsonObject } from "../artifact/artifact.ts";

export interface StageCommandOptions {
  /** What a project's configuration says; flags and the environment come first. Read when the command runs. */
  readonly config?: () => Promise<{ readonly workspace?: string; readonly input?: JsonObject }>;
}

/** Flags of every command, as commander gives them. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly workspace?: string;
}

/** Options that every command has. */
export function addCommonOptions(command: Command): Command {
  return command
    .option("--json", "print events and a summary as JSON lines")
    .option("--workspace <folder>", "workspace (default: $MOONLIGHT_WORKSPACE or .moonlight)")
    .option("--debug", "show stacks of errors");
}
