import { UsageError } from "@moonlight-rl/core";
import { yamlReader } from "@moonlight-rl/recipe";
import { runtimeEnvironment } from "./environment-json.ts";
import type { LaunchPlan } from "./launch-plan.ts";
import { jobName } from "./script-head.ts";
import { shellLine } from "./shell-quote.ts";

const SHARED_MEMORY = { name: "dshm", path: "/dev/shm" };

/**
 * A RayJob of KubeRay (ray.io/v1): a cluster made for the job, every pod a whole node, taken down at its end. The job is not
 * started again by itself (`backoffLimit: 0`): whether a run may go on is for the train stage to say.
 *
 * @throws UsageError LAUNCH_IMAGE_MISSING
 */
export function kuberayManifest(plan: LaunchPlan): string {
  const { launch } = plan.recipe;
  if (launch.image === null)
    throw new UsageError("LAUNCH_IMAGE_MISSING", "Kubernetes needs a container image with miles", {
      field: "launch.image",
      hint: "Add --set launch.image=REGISTRY/IMAGE:TAG.",
    });
  const manifest = {
    apiVersion: "ray.io/v1",
    kind: "RayJob",
    metadata: {
      name: jobName(plan),
      ...(launch.kubeNamespace === null ? {} : { namespace: launch.kubeNamespace }),
    },
    spec: {
      entrypoint: shellLine(plan.command),
      runtimeEnvYAML: yamlReader().stringify(runtimeEnvironment(plan)),
      shutdownAfterJobFinishes: true,
      ttlSecondsAfterFinished: 600,
      backoffLimit: 0,
      ...(launch.timeLimitMinutes === null
        ? {}
        : { activeDeadlineSeconds: 60 * launch.timeLimitMinutes }),
      rayClusterSpec: {
        ...(launch.rayVersion === null ? {} : { rayVersion: launch.rayVersion }),
        headGroupSpec: {
          rayStartParams: { "num-gpus": String(plan.gpusPerNode) },
          template: pod(plan, "ray-head"),
        },
        ...(plan.nodes === 1
          ? {}
          : {
              workerGroupSpecs: [
                {
                  groupName: "workers",
                  replicas: plan.nodes - 1,
                  minReplicas: plan.nodes - 1,
                  maxReplicas: plan.nodes - 1,
                  rayStartParams: { "num-gpus": String(plan.gpusPerNode) },
                  template: pod(plan, "ray-worker"),
                },
              ],
            }),
      },
    },
  };
  return yamlReader().stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false });
}

function pod(plan: LaunchPlan, name: string): unknown {
  const { launch, cluster } = plan.recipe;
  const mounts = launch.mounts.map((mount, i) => {
    const [source = "", path = ""] = mount.split(":");
    return { name: `mount-${i}`, source, path };
  });
  const amounts = {
    "nvidia.com/gpu": plan.gpusPerNode,
    ...(launch.kubeCpus === null ? {} : { cpu: launch.kubeCpus }),
    ...(cluster.hostMemoryGib === null ? {} : { memory: `${cluster.hostMemoryGib}Gi` }),
  };
  return {
    spec: {
      containers: [
        {
          name,
          image: launch.image,
          workingDir: launch.milesPath,
          resources: { requests: amounts, limits: amounts },
          volumeMounts: [SHARED_MEMORY, ...mounts].map((mount) => ({
            name: mount.name,
            mountPath: mount.path,
          })),
        },
      ],
      volumes: [
        { name: SHARED_MEMORY.name, emptyDir: { medium: "Memory" } },
        ...mounts.map((mount) => ({
          name: mount.name,
          ...(mount.source.startsWith("/")
            ? { hostPath: { path: mount.source, type: "Directory" } }
            : { persistentVolumeClaim: { claimName: mount.source } }),
        })),
      ],
    },
  };
}
