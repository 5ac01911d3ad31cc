import { cliSession, openWorkspace, type Workspace } from "@moonlight-rl/pipeline";
import type { Command } from "commander";
import { loadConfig, type LoadedConfig } from "./load-config.ts";

/** A command's configuration and workspace: flag, MOONLIGHT_WORKSPACE, configuration, `.moonlight`. */
export async function openCommand(
  command: Command,
): Promise<{ readonly workspace: Workspace; readonly loaded: LoadedConfig | undefined }> {
  const flags: { readonly workspace?: string; readonly config?: string } =
    command.optsWithGlobals();
  const { env } = cliSession(command).io;
  const loaded = await loadConfig({ env, file: flags.config });
  const path = flags.workspace ?? (env["MOONLIGHT_WORKSPACE"] || loaded?.config.workspace);
  return { workspace: openWorkspace(path, env), loaded };
}
