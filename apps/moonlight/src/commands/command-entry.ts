import type { Command } from "commander";

/** A command of the program, before its module is loaded. */
export interface CommandEntry {
  /** Its line in the help; equal to the command's own description. */
  readonly description: string;
  readonly load: () => Promise<Command>;
  /** The same command without what it does: for its help, where loading the rest takes longer than help may. */
  readonly loadHelp?: () => Promise<Command>;
}
