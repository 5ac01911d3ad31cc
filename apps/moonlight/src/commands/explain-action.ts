import type { Command } from "commander";
import { cliSession, wantsColor } from "@moonlight-rl/pipeline";
import picocolors from "picocolors";
import { findEntries, readCatalogue } from "../explain/catalogue.ts";
import { entriesTable, entryText } from "../explain/entry-text.ts";
import { pageLink } from "../explain/page-link.ts";
import { findRule, ruleText } from "../explain/recipe-rule.ts";

/** What `moonlight explain` does. */
export async function explainAction(command: Command, text: string | undefined): Promise<void> {
  const { io } = cliSession(command);
  const rule = text === undefined ? undefined : await findRule(text);
  const entries = findEntries(await readCatalogue(), rule === undefined ? text : "recipe-rule");
  if (command.optsWithGlobals<{ json?: boolean }>().json === true) {
    for (const entry of entries)
      io.stdout.write(`${JSON.stringify({ type: "error-code", ...entry, rule })}\n`);
    return;
  }
  const width = Math.min(io.stdout.columns ?? 80, 100);
  const [only, ...others] = entries;
  if (only === undefined || others.length > 0) {
    io.stdout.write(`${entriesTable(entries, width)}\n`);
    return;
  }
  const { bold } = picocolors.createColors(wantsColor(io.stdout, io.env));
  if (rule !== undefined) io.stdout.write(`${ruleText(rule, { width, bold })}\n\n`);
  io.stdout.write(`${entryText(only, { width, link: pageLink(only.page), bold })}\n`);
}
