import { z } from "zod";
import { field } from "./field-facts.ts";

/** How the job is started: what launch scripts and manifests say beside the arguments. miles only; miles is not told. */
export const launchSchema = z.strictObject({
  milesPath: field(
    z.string(),
    "miles' folder on the nodes; the job runs its train.py. The reference's launcher is started there.",
    { usual: "/root/miles" },
  ),
  python: field(z.string(), "The interpreter that has miles' packages.", {
    usual: "python3",
  }),
  rayPort: field(
    z.int(),
    "Port of the Ray head that a launch script starts, for the cluster's own traffic.",
    { usual: 6379 },
  ),
  dashboardPort: field(z.int(), "Port of that head's dashboard and job server, on loopback.", {
    usual: 8265,
  }),
  image: field(
    z.string().nullable(),
    "Container image of the nodes, for KubeRay (needed) and Slurm (pyxis). null: none.",
    { usual: null },
  ),
  mounts: field(
    z.array(z.string()),
    "What the containers see, each as source:folder; the source is a folder of the node or, for KubeRay, the name of a PersistentVolumeClaim.",
    { usual: [] },
  ),
  timeLimitMinutes: field(
    z.int().nullable(),
    "After how long Slurm and Kubernetes end the job. null: their own limit.",
    { usual: null, unit: "minutes" },
  ),
  slurmPartition: field(z.string().nullable(), "Slurm partition. null: the default one.", {
    usual: null,
  }),
  slurmAccount: field(z.string().nullable(), "Slurm account. null: the user's own.", {
    usual: null,
  }),
  slurmOptions: field(z.array(z.string()), 'Further options of sbatch, such as "--qos=high".', {
    usual: [],
  }),
  kubeNamespace: field(z.string().nullable(), "Kubernetes namespace. null: that of the context.", {
    usual: null,
  }),
  kubeCpus: field(
    z.int().nullable(),
    "CPUs of each pod. null: not requested; Ray then counts those of the node.",
    { usual: null, unit: "CPUs" },
  ),
  rayVersion: field(
    z.string().nullable(),
    "Ray version in the image, told to KubeRay. null: not told.",
    { usual: null },
  ),
});
