import type { LaunchPlan } from "./launch-plan.ts";
import { shellQuote } from "./shell-quote.ts";

/** The Ray runtime environment of the job. Documents that cannot look at a machine say no NVLink SHARP where it is to be detected. */
export function runtimeEnvironment(plan: LaunchPlan): { env_vars: Record<string, string> } {
  return {
    env_vars: { ...plan.env, ...(plan.detectNvls ? { NCCL_NVLS_ENABLE: "0" } : {}) },
  };
}

/** The same as a bash assignment to `runtime_env`; what is to be detected comes from the variable `nvls`. */
export function environmentAssignment(plan: LaunchPlan): string[] {
  const entries = Object.entries(plan.env).map(
    ([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  const body = `{\n  "env_vars": {\n${entries.join(",\n")}`;
  const end = "\n  }\n}";
  if (!plan.detectNvls) return ["runtime_env=" + shellQuote(body + end)];
  const head = shellQuote(`${body},\n    "NCCL_NVLS_ENABLE": "`);
  return [
    "# NVLink SHARP (NCCL_NVLS_ENABLE) where the GPUs are joined by NVLink.",
    "nvls=0",
    "links=$(nvidia-smi topo -m 2>/dev/null | grep -cE 'NV[0-9]+' || true)",
    "if (( links > 0 )); then nvls=1; fi",
    `runtime_env=${head}"$nvls"${shellQuote(`"${end}`)}`,
  ];
}
