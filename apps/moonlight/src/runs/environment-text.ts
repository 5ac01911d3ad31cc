import { formatBytes } from "@moonlight-rl/core";
import type { RunSummary } from "@moonlight-rl/pipeline";
import type { ReportData } from "../report/report-data.ts";

/** Where and of what a run was made, in a few lines; `--json` has all of it. */
export function environmentText(
  { versions, host, git, config, like }: RunSummary,
  recipe: ReportData["recipe"],
): string {
  const engine = versions["onnxruntime-node"];
  const machine = [
    host.name,
    `${host.platform} ${host.arch}`,
    host.cpus === undefined ? undefined : `${host.cpus} × ${host.cpu ?? "cpu"}`,
    host.memory === undefined ? undefined : formatBytes(host.memory),
  ];
  const seeds = recipe.filter(({ field }) => /(?:^|\.)seed$/i.test(field));
  const rows = [
    [
      "versions",
      `node ${versions["node"]}${engine === undefined ? "" : `, onnxruntime-node ${engine}`}`,
    ],
    ["host", machine.filter((part) => part !== undefined).join(", ")],
    [
      "commit",
      git === undefined ? "" : `${git.commit.slice(0, 12)}${git.dirty ? " with changes" : ""}`,
    ],
    ["seeds", seeds.map(({ field, value }) => `${field} ${value}`).join(", ")],
    ["config", config?.file ?? ""],
    ["like", like ?? ""],
  ];
  return rows
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${(name ?? "").padEnd(8)}  ${value}`)
    .join("\n");
}
