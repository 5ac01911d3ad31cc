import { formatTable } from "@moonlight-rl/core";
import { cliSession } from "@moonlight-rl/pipeline";
import type { Command } from "commander";
import { openCommand } from "../config/command-workspace.ts";
import { settingsOf, type SettingSource } from "../config/settings.ts";
import { paramsSchema } from "../pipeline/params.ts";
import { paramsOf, type RunFlags } from "./run-flags.ts";

/** What `moonlight config` does. */
export async function configAction(command: Command, files: readonly string[]): Promise<void> {
  const flags: RunFlags = command.optsWithGlobals();
  const { io } = cliSession(command);
  const { workspace, loaded } = await openCommand(command);
  const { params, sources } = settingsOf(paramsOf(flags, files), io.env, loaded?.config);
  const all: Readonly<Record<string, unknown>> = paramsSchema.parse(params);
  const workspaceSource: SettingSource =
    flags.workspace !== undefined
      ? "flag"
      : io.env["MOONLIGHT_WORKSPACE"]
        ? "environment"
        : loaded?.config.workspace === undefined
          ? "default"
          : "config";
  const settings = [
    { name: "workspace", value: workspace.root as unknown, source: workspaceSource },
    ...Object.keys(paramsSchema.shape)
      .filter((name) => all[name] !== undefined)
      .map((name) => ({ name, value: all[name], source: sources[name] ?? ("default" as const) })),
  ];
  const file = loaded?.file ?? null;
  io.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ type: "config", file, settings })}\n`
      : `config  ${file ?? "none found"}\n\n${formatTable(
          [{ title: "setting" }, { title: "value" }, { title: "from" }],
          settings.map(({ name, value, source }) => [
            name,
            typeof value === "string" ? value : JSON.stringify(value),
            source,
          ]),
        )}\n`,
  );
}
