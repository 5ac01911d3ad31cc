import { faultIf, type Fault, type Rule } from "./rule.ts";

const LAUNCHER = "The reference's launcher has it fixed (scripts/run-moonlight-16B-A3B.sh).";
/** Ray gives 10001 to its clients and 10002 to 19999 to its workers. */
const RAY_PORTS = { first: 10_001, last: 19_999 };

function badPort(field: string, port: number): readonly Fault[] {
  const taken = port >= RAY_PORTS.first && port <= RAY_PORTS.last;
  return faultIf(
    port < 1024 || port > 65_535 || taken,
    field,
    taken
      ? `Ray itself uses ports ${RAY_PORTS.first} to ${RAY_PORTS.last}`
      : `${port} is no port that a user's process can have`,
    "Choose one from 1024 to 10000 or from 20000 to 65535.",
  );
}

/** What launch scripts and manifests would make something else of, or start nothing with. */
export const LAUNCH_RULES: readonly Rule[] = [
  {
    id: "launch-port",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: LAUNCHER,
    check: ({ recipe: { launch } }) => [
      ...badPort("launch.rayPort", launch.rayPort),
      ...badPort("launch.dashboardPort", launch.dashboardPort),
      ...faultIf(
        launch.rayPort === launch.dashboardPort,
        "launch.dashboardPort",
        "the cluster's own traffic has that port (launch.rayPort)",
        "Choose another one.",
      ),
    ],
  },
  {
    id: "launch-program",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: "The job runs wherever Ray was started, so that is done in miles' folder.",
    check: ({ recipe: { launch } }) => [
      ...faultIf(
        !launch.milesPath.startsWith("/"),
        "launch.milesPath",
        `"${launch.milesPath}" is relative to wherever Ray was started`,
        "Use the absolute path of miles' folder on the nodes.",
      ),
      ...faultIf(
        launch.python === "" || launch.python.startsWith("-"),
        "launch.python",
        `"${launch.python}" is no program`,
        "Use python3, or the absolute path of the interpreter that has miles' packages.",
      ),
    ],
  },
  {
    id: "launch-mount",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: LAUNCHER,
    check: ({ recipe: { launch } }) =>
      launch.mounts.flatMap((mount, i) =>
        faultIf(
          !/^[^:,\s]+:\/[^:,\s]*$/.test(mount),
          `launch.mounts.${i}`,
          `"${mount}" is not of the form source:/folder`,
          "Write the node's folder or the volume claim, a colon, and the absolute folder in the container.",
        ),
      ),
  },
  {
    id: "launch-slurm-option",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: LAUNCHER,
    check: ({ recipe: { launch } }) =>
      launch.slurmOptions.flatMap((option, i) =>
        faultIf(
          !/^--?[A-Za-z][^\r\n]*$/.test(option),
          `launch.slurmOptions.${i}`,
          `"${option}" is no option of sbatch, which stops reading options there`,
          'Write it as sbatch takes it: "--qos=high".',
        ),
      ),
  },
  {
    id: "launch-amount",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: LAUNCHER,
    check: ({ recipe: { launch } }) =>
      (["timeLimitMinutes", "kubeCpus"] as const).flatMap((name) =>
        faultIf(
          (launch[name] ?? 1) < 1,
          `launch.${name}`,
          `${launch[name]} is less than one`,
          "Leave it out (null) or use a whole number from 1 on.",
        ),
      ),
  },
  {
    id: "launch-name",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: LAUNCHER,
    check: ({ recipe: { launch } }) =>
      (["image", "slurmPartition", "slurmAccount", "kubeNamespace", "rayVersion"] as const).flatMap(
        (name) =>
          faultIf(
            launch[name] !== null && !/^[^\s'"`$\\;&|<>]+$/.test(launch[name]),
            `launch.${name}`,
            `"${launch[name]}" is no such name`,
            "Names have no spaces, quotes or signs of the shell.",
          ),
      ),
  },
];
