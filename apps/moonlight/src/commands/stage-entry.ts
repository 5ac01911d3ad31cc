import { createRequire } from "node:module";
import type { Stage } from "@moonlight-rl/pipeline";
import { pageCommand, type HelpPage } from "@moonlight-rl/pipeline/help-page";
import type { Command } from "commander";
import type { CommandEntry } from "./command-entry.ts";

/** One of our stages as a command, or a subcommand of it that people look for at the top. */
export function stageEntry(
  description: string,
  name: string,
  load: () => Promise<Stage>,
  subcommand?: string,
): CommandEntry {
  const wanted = (command: Command): Command =>
    subcommand === undefined ? command : subcommandOf(command, subcommand);
  return {
    description,
    load: async () => wanted(await stageCommand(await load())),
    loadHelp: async () => wanted(pageOf(name) ?? (await stageCommand(await load()))),
  };
}

/**
 * The help of a stage, written down from its schemas, which take longer to load than help may take; the packages' tests compare them.
 * Undefined for a release of the package that is older than that file.
 */
function pageOf(name: string): Command | undefined {
  try {
    const page = createRequire(import.meta.url)(`@moonlight-rl/${name}/help.json`) as HelpPage;
    return pageCommand(page);
  } catch {
    return undefined;
  }
}

/** A stage as a command; what the user's configuration says of it is read when it runs. */
export async function stageCommand(stage: Stage): Promise<Command> {
  const { stageCommand: commandOf } = await import("@moonlight-rl/pipeline");
  return commandOf(stage, {
    async config() {
      const { loadConfig } = await import("../config/load-config.ts");
      const config = (await loadConfig({ env: process.env }))?.config;
      const input = config?.inputs?.[stage.name];
      return {
        ...(config?.workspace === undefined ? {} : { workspace: config.workspace }),
        ...(input === undefined ? {} : { input }),
      };
    },
  });
}

function subcommandOf(command: Command, name: string): Command {
  const found = command.commands.find((one) => one.name() === name);
  if (found === undefined) throw new Error(`${command.name()} has no ${name}`);
  return found;
}
