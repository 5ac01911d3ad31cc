import picocolors from "picocolors";
import type { MoonlightError } from "@moonlight-rl/core";
import { breakLines } from "./screen-line.ts";

export interface FormatErrorOptions {
  readonly color?: boolean;
  /** Columns of the screen, if there is one. */
  readonly width?: number | undefined;
  /** How to learn more about the code. */
  readonly more?: string | undefined;
  /** Add the stack and the causes. */
  readonly debug?: boolean;
}

/** An error for a terminal: `error CODE: message`, then where it is and what to do. */
export function formatError(error: MoonlightError, options: FormatErrorOptions = {}): string {
  const colors = picocolors.createColors(options.color ?? false);
  const { width = Number.POSITIVE_INFINITY } = options;
  const lines = [`${colors.red(`error ${error.code}`)}: ${error.message}`];
  if (error.field) lines.push(`  field: ${error.field}`);
  if (error.file !== undefined) {
    const at = error.byteOffset === undefined ? "" : ` (at byte ${error.byteOffset})`;
    lines.push(`  file: ${error.file}${at}`);
  }
  if (error.hint !== undefined) lines.push(`  ${colors.cyan("hint")}: ${error.hint}`);
  if (options.more !== undefined) lines.push(`  ${colors.cyan("more")}: ${options.more}`);
  const text = [breakLines(lines.join("\n"), width)];
  if (options.debug === true) text.push(...stacks(error));
  return text.join("\n");
}

function stacks(error: unknown): string[] {
  const lines: string[] = [];
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 8; depth++) {
    const text = at instanceof Error ? (at.stack ?? at.message) : JSON.stringify(at);
    lines.push(depth === 0 ? text : `caused by: ${text}`);
    at = at instanceof Error ? at.cause : undefined;
  }
  return lines;
}
