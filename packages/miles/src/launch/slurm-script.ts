import { jobSteps, rayCommand } from "./job-steps.ts";
import type { LaunchPlan } from "./launch-plan.ts";
import { commonHead, jobName, machines } from "./script-head.ts";
import { shellQuote } from "./shell-quote.ts";

/** Time that the job gets for stopping before Slurm's limit ends it. */
const NOTICE_SECONDS = 120;
const JOIN_SECONDS = 600;

/** A script for `sbatch`: Ray over the nodes of the allocation, and the job in it. All processes belong to the allocation. */
export function slurmScript(plan: LaunchPlan): string {
  const { rayPort, dashboardPort, milesPath, python } = plan.recipe.launch;
  const ray = rayCommand(plan);
  return [
    "#!/usr/bin/env bash",
    ...directives(plan),
    `# Trains by the recipe of profile ${plan.recipe.profile} with miles: ${machines(plan)}. Submit it with sbatch.`,
    "# Secrets (WANDB_API_KEY, …) come from the environment that sbatch is called in.",
    "set -euo pipefail",
    "",
    ...commonHead(plan),
    `container=(${containerOptions(plan).map(shellQuote).join(" ")})`,
    'mapfile -t hosts < <(scontrol show hostnames "$SLURM_JOB_NODELIST")',
    "head_host=${hosts[0]}",
    `on_head() { srun --overlap --nodes=1 --ntasks=1 --nodelist="$head_host" \${container[@]+"\${container[@]}"} "$@"; }`,
    `head_ip=$(srun --overlap --nodes=1 --ntasks=1 --nodelist="$head_host" hostname --ip-address | awk '{ print $1 }')`,
    "",
    "# The ports of Ray are open to the network of the cluster: only who knows the token may use them (Ray 2.52 and later).",
    'if [[ -z "${RAY_AUTH_MODE:-}" ]]; then',
    "  export RAY_AUTH_MODE=token",
    "  RAY_AUTH_TOKEN=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n')",
    "  export RAY_AUTH_TOKEN",
    "fi",
    "steps=()",
    `stop_ray() { kill -TERM "\${steps[@]}" 2>/dev/null || true; wait "\${steps[@]}" 2>/dev/null || true; }`,
    "trap stop_ray EXIT",
    `srun --overlap --nodes=1 --ntasks=1 --nodelist="$head_host" --chdir=${shellQuote(milesPath)} \${container[@]+"\${container[@]}"} \\`,
    `  ${ray} start --head --block --disable-usage-stats --num-gpus=${plan.gpusPerNode} --node-ip-address="$head_ip" \\`,
    `  --port=${rayPort} --dashboard-host=127.0.0.1 --dashboard-port=${dashboardPort} &`,
    "steps+=($!)",
    ...(plan.nodes === 1
      ? []
      : [
          `srun --overlap --nodes=${plan.nodes - 1} --ntasks=${plan.nodes - 1} --exclude="$head_host" --chdir=${shellQuote(milesPath)} \${container[@]+"\${container[@]}"} \\`,
          `  bash -c 'for _ in {1..120}; do (exec 3<>"/dev/tcp/$1/${rayPort}") 2>/dev/null && break; sleep 1; done; exec ${ray} start --block --disable-usage-stats --num-gpus=${plan.gpusPerNode} --address="$1:${rayPort}"' worker "$head_ip" &`,
          "steps+=($!)",
        ]),
    "",
    "# miles waits without end for GPUs that are not there, so they are waited for here, with one.",
    `on_head ${shellQuote(python)} - "$head_ip:${rayPort}" ${plan.gpus} ${JOIN_SECONDS} <<'PYTHON'`,
    "import sys, time",
    "import ray",
    "address, wanted, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])",
    "end, seen = time.time() + seconds, 0",
    "while seen < wanted:",
    "    try:",
    "        if not ray.is_initialized():",
    "            ray.init(address=address, log_to_driver=False)",
    '        seen = int(ray.cluster_resources().get("GPU", 0))',
    "    except Exception as error:",
    "        problem = error",
    "    if seen < wanted:",
    "        if time.time() > end:",
    '            sys.exit(f"only {seen} of {wanted} GPUs have joined Ray in {seconds} s")',
    "        time.sleep(2)",
    "PYTHON",
    "",
    `dashboard=http://127.0.0.1:${dashboardPort}`,
    ...jobSteps(plan, "on_head "),
    "",
  ].join("\n");
}

function directives(plan: LaunchPlan): string[] {
  const { slurmPartition, slurmAccount, slurmOptions, timeLimitMinutes } = plan.recipe.launch;
  const options = [
    `--job-name=${jobName(plan)}`,
    `--nodes=${plan.nodes}`,
    "--ntasks-per-node=1",
    `--gpus-per-node=${plan.gpusPerNode}`,
    "--exclusive",
    "--output=%x-%j.log",
    `--signal=B:TERM@${NOTICE_SECONDS}`,
    ...(timeLimitMinutes === null ? [] : [`--time=${timeLimitMinutes}`]),
    ...(slurmPartition === null ? [] : [`--partition=${slurmPartition}`]),
    ...(slurmAccount === null ? [] : [`--account=${slurmAccount}`]),
    ...slurmOptions,
  ];
  return options.map((option) => `#SBATCH ${option}`);
}

/** For the pyxis plugin of srun; without an image the nodes themselves have miles. */
function containerOptions({ recipe: { launch } }: LaunchPlan): string[] {
  if (launch.image === null) return [];
  return [
    `--container-image=${launch.image}`,
    ...(launch.mounts.length === 0 ? [] : [`--container-mounts=${launch.mounts.join(",")}`]),
  ];
}
