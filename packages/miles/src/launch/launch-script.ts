import { jobSteps, rayCommand } from "./job-steps.ts";
import type { LaunchPlan } from "./launch-plan.ts";
import { commonHead, machines } from "./script-head.ts";
import { shellQuote } from "./shell-quote.ts";

/**
 * A bash script that runs the job on this machine, or on the Ray cluster whose dashboard `RAY_ADDRESS` names. It starts
 * a head of its own (dashboard on loopback, every port behind a random token) and at its end stops that process group and
 * nothing else.
 */
export function launchScript(plan: LaunchPlan): string {
  return [
    "#!/usr/bin/env bash",
    `# Trains by the recipe of profile ${plan.recipe.profile} with miles: ${machines(plan)}.`,
    "# Starts a Ray head for itself and stops it afterwards; with RAY_ADDRESS=http://HOST:PORT (a dashboard) it uses that cluster.",
    "# SUBMISSION_ID names the job; one that runs already is followed. Secrets (WANDB_API_KEY, …) come from the environment that",
    "# Ray is started in. Exit code: 0 succeeded, 1 failed, 2 wrong use, 3 not possible here, 5 succeeded without a step.",
    "set -euo pipefail",
    "",
    ...commonHead(plan),
    ...headSteps(plan),
    "",
    ...jobSteps(plan, ""),
    "",
  ].join("\n");
}

function headSteps(plan: LaunchPlan): string[] {
  const { dashboardPort } = plan.recipe.launch;
  return [
    'if [[ -n "${RAY_ADDRESS:-}" ]]; then',
    "  dashboard=$RAY_ADDRESS",
    "else",
    ...(plan.nodes === 1
      ? ownHead(plan)
      : [
          `  echo "this recipe takes ${plan.nodes} nodes: start Ray on them and set RAY_ADDRESS=http://HEAD:${dashboardPort}" >&2`,
          "  exit 2",
        ]),
    "fi",
  ];
}

function ownHead(plan: LaunchPlan): string[] {
  const { milesPath, python, rayPort, dashboardPort } = plan.recipe.launch;
  return [
    "  gpus=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU' || true)",
    `  if (( gpus < ${plan.gpus} )); then`,
    `    echo "this recipe takes ${plan.gpus} GPUs, and nvidia-smi lists $gpus" >&2`,
    "    exit 3",
    "  fi",
    `  for port in ${rayPort} ${dashboardPort}; do`,
    '    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then',
    '      echo "port $port is taken: is that Ray? Then set RAY_ADDRESS to its dashboard, or change launch.rayPort and launch.dashboardPort" >&2',
    "      exit 3",
    "    fi",
    "  done",
    "  # Sockets have short paths, so not in TMPDIR. Ray listens on every interface, so what it starts asks for a token (Ray 2.52",
    "  # and later; earlier ones do not know it).",
    "  session=$(mktemp -d /tmp/ray-XXXXXX)",
    '  if [[ -z "${RAY_AUTH_MODE:-}" ]]; then',
    `    (umask 077; head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' >"$session/token")`,
    '    export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH="$session/token"',
    "  fi",
    `  cd ${shellQuote(milesPath)}`,
    `  setsid ${rayCommand(plan)} start --head --block --disable-usage-stats --temp-dir="$session" --num-gpus=${plan.gpus} \\`,
    `    --node-ip-address=127.0.0.1 --port=${rayPort} --dashboard-host=127.0.0.1 --dashboard-port=${dashboardPort} >"$session/head.log" 2>&1 &`,
    "  ray_head=$!",
    "  stop_head() {",
    '    kill -TERM "$ray_head" 2>/dev/null || true',
    "    for _ in {1..30}; do",
    '      pgrep -g "$ray_head" >/dev/null || break',
    "      sleep 1",
    "    done",
    '    kill -KILL -- "-$ray_head" 2>/dev/null || true',
    '    rm -f "$session/token"',
    '    echo "logs of Ray: $session" >&2',
    "  }",
    "  trap stop_head EXIT",
    `  dashboard=http://127.0.0.1:${dashboardPort}`,
    "  for attempt in {1..120}; do",
    '    if ! kill -0 "$ray_head" 2>/dev/null; then tail -n 20 "$session/head.log" >&2; exit 3; fi',
    `    if ${shellQuote(python)} -c 'import sys; from ray.job_submission import JobSubmissionClient as C; C(sys.argv[1]).list_jobs()' "$dashboard" 2>/dev/null; then break; fi`,
    '    if (( attempt == 120 )); then echo "Ray did not come up, see $session/head.log" >&2; exit 3; fi',
    "    sleep 1",
    "  done",
  ];
}
