import { formatBytes } from "@moonlight-rl/core";
import { gib } from "./format-plan.ts";
import type { Finding } from "../rules/rule.ts";
import type { Plan } from "./plan.ts";

/** What a plan has to say, in the form of a rule's findings; all of it goes beyond what the reference checks. */
export function planFindings(plan: Plan): Finding[] {
  const findings: Finding[] = [];
  const say = (
    rule: string,
    severity: Finding["severity"],
    field: string,
    reason: string,
    fix: string,
  ): void => {
    findings.push({
      rule,
      severity,
      field,
      reason,
      fix,
      reference:
        "Not checked; memory or disk runs out after the GPUs were taken, sometimes hours later.",
      beyondReference: true,
    });
  };
  const gpu = gib(plan.gpuBytes);
  const peak = plan.phases.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  if (plan.kv.tokensPerEngine === 0 && plan.phases.some(({ phase }) => phase === "rollout")) {
    say(
      "plan-kv-cache",
      "error",
      "sglang.memFractionStatic",
      "the engine's weights fill its whole static share, so there is no room for a KV cache",
      "Raise sglang.memFractionStatic or sglang.numGpusPerEngine.",
    );
  } else if (plan.verdict !== "fits") {
    const impossible = plan.verdict === "impossible";
    say(
      "plan-gpu-memory",
      impossible ? "error" : plan.verdict === "unlikely" ? "warning" : "note",
      peak.phase === "rollout" ? "sglang.memFractionStatic" : "performance.maxTokensPerGpu",
      `${peak.phase} needs ${gib(peak.low)} to ${gib(peak.high)} of the ${gpu} of a ${plan.gpuType} (likely ${gib(peak.bytes)})`,
      "Split over more GPUs, recompute more, lower the token cap or memFractionStatic; `--render plan` shows each part.",
    );
  }
  const { host } = plan;
  if (host.available !== null && host.bytes > host.available) {
    say(
      "plan-host-memory",
      host.low > host.available ? "error" : "warning",
      "cluster.hostMemoryGib",
      `a node needs ${gib(host.low)} to ${gib(host.high)} of main memory, and has ${gib(host.available)}`,
      "Use more nodes, lower optimizer.offloadFraction, or set algorithm.useKlLoss=false to drop the reference's copy.",
    );
  }
  if (plan.disk.bytes > 10e12) {
    say(
      "plan-disk",
      "note",
      "checkpoint.saveRetainInterval",
      `${plan.disk.kept} saves of ${formatBytes(plan.disk.bytesPerSave)} stay on disk: ${formatBytes(plan.disk.bytes)}`,
      "Set checkpoint.saveRetainInterval or a larger saveInterval, or clear old saves.",
    );
  }
  return findings;
}

/** Ids of the rules above, for documentation. */
export const PLAN_RULES = [
  "plan-kv-cache",
  "plan-gpu-memory",
  "plan-host-memory",
  "plan-disk",
] as const;
