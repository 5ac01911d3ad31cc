import type { Args } from "../args.ts";
import { miles, override, rule, type ArgvRule, type Step } from "../step.ts";

const lora = (a: Args): boolean => a.num("lora_rank") > 0 || !a.none("lora_adapter_path");

const rebuilt = (a: Args): boolean => a.on("rematerialize_param_from_master_weight");

/** One condition of rebuilding the weights from the optimizer's master copy. */
function rebuild(
  name: string,
  line: number,
  flag: string,
  reason: string,
  fix: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `rematerialise-${name}`,
    miles(line),
    [flag, "--rematerialize-param-from-master-weight"],
    reason,
    fix,
    (a) => rebuilt(a) && violated(a),
  );
}

const streams = (a: Args): boolean => a.on("stream_optimizer_state_to_disk");

/** One condition of keeping the optimizer's state on disk. */
function stream(
  name: string,
  line: number,
  flag: string,
  reason: string,
  fix: string,
  violated: (a: Args) => boolean,
): ArgvRule {
  return rule(
    `stream-optimizer-${name}`,
    miles(line),
    [flag, "--stream-optimizer-state-to-disk"],
    reason,
    fix,
    (a) => streams(a) && violated(a),
  );
}

const toDisk = (a: Args): boolean => a.is("offload_train_target", "disk");
const DROP = "Leave one of the two flags out.";

/** Where the trainer's memory goes while engines generate. */
export const OFFLOAD_STEPS: readonly Step[] = [
  override(
    "rematerialise-off",
    miles(2769),
    ["--rematerialize-param-from-master-weight"],
    "without engines nothing is rebuilt",
    (a) => {
      if (rebuilt(a) && a.on("debug_train_only")) {
        a.set("rematerialize_param_from_master_weight", false);
      }
    },
  ),
  rebuild("lora", 2776, "--lora-rank", "adapters are not rebuilt", DROP, lora),
  rebuild("optimizer", 2777, "--debug-disable-optimizer", "there is no master copy", DROP, (a) =>
    a.on("debug_disable_optimizer"),
  ),
  rebuild("replicas", 2778, "--indep-dp", "only one replica would rebuild", DROP, (a) =>
    a.on("indep_dp"),
  ),
  rebuild(
    "colocate",
    2783,
    "--colocate",
    "only an offloaded trainer on shared GPUs has something to rebuild",
    "Add --colocate and keep offloading on.",
    (a) => !(a.on("colocate") && a.on("offload_train")),
  ),
  rebuild(
    "target",
    2784,
    "--offload-train-target",
    "weights that come back from disk need no rebuilding",
    "Use --offload-train-target cpu.",
    (a) => !a.is("offload_train_target", "cpu"),
  ),
  rebuild(
    "sharded",
    2788,
    "--optimizer",
    "the master copy is that of the sharded optimizer",
    "Use --optimizer adam.",
    (a) => !a.on("use_distributed_optimizer"),
  ),
  rebuild(
    "old-actor",
    2789,
    "--keep-old-actor",
    "a second copy of the weights is kept",
    DROP,
    (a) => a.on("keep_old_actor"),
  ),
  rebuild(
    "precision-aware",
    2790,
    "--use-precision-aware-optimizer",
    "the precision-aware optimizer keeps no whole master copy on the GPU",
    "Add --optimizer-cpu-offload.",
    (a) => a.on("use_precision_aware_optimizer") && !a.on("optimizer_cpu_offload"),
  ),
  rebuild(
    "overlap",
    2795,
    "--overlap-param-gather",
    "weights are gathered outside of a step",
    DROP,
    (a) => a.on("overlap_param_gather"),
  ),
  rebuild(
    "advantages",
    2798,
    "--disable-compute-advantages-and-returns",
    "weights are rebuilt where advantages are computed",
    DROP,
    (a) => !a.on("compute_advantages_and_returns"),
  ),
  rebuild(
    "critic-steps",
    2802,
    "--num-critic-only-steps",
    "weights would be sent unrebuilt",
    "Use 0.",
    (a) => !a.is("num_critic_only_steps", 0),
  ),
  override(
    "rematerialise-backups",
    miles(2804),
    ["--rematerialize-param-from-master-weight"],
    null,
    (a) => {
      if (!rebuilt(a)) return;
      a.set("disable_param_buffers_cpu_backup", true);
      if (a.on("ci_test")) a.set("check_rematerialize_param_from_master_weight", true);
    },
  ),
  rule(
    "offload-disk-off",
    miles(3292),
    ["--offload-train-target", "--offload-train"],
    "a place for offloading is named, but offloading is off",
    "Add --offload-train.",
    (a) => toDisk(a) && !a.on("offload_train"),
  ),
  rule(
    "offload-disk-chunk",
    miles(3296),
    ["--offload-train-disk-chunk-mb"],
    "a chunk holds at least one megabyte",
    "Use a positive number.",
    (a) => toDisk(a) && a.num("offload_train_disk_chunk_mb") <= 0,
  ),
  override(
    "offload-disk-folder",
    miles(3299),
    ["--offload-train-disk-dir"],
    "offloaded state goes below $SCRATCH (or /scratch) unless a folder is named",
    (a, world) => {
      if (!toDisk(a) || !a.none("offload_train_disk_dir")) return;
      a.set("offload_train_disk_dir", `${world.env("SCRATCH") ?? "/scratch"}/miles_train_offload`);
    },
  ),
  stream(
    "target",
    3308,
    "--offload-train-target",
    "streaming is only known to work together with offloading to disk",
    "Add --offload-train-target disk.",
    (a) => !toDisk(a),
  ),
  stream("replicas", 3313, "--indep-dp", "replicas would share a folder", DROP, (a) =>
    a.on("indep_dp"),
  ),
  stream(
    "sharded",
    3318,
    "--optimizer",
    "only the sharded optimizer streams",
    "Use adam.",
    (a) => !a.on("use_distributed_optimizer"),
  ),
  stream(
    "adam",
    3320,
    "--optimizer",
    "only Adam streams",
    "Use adam.",
    (a) => !a.is("optimizer", "adam"),
  ),
  stream(
    "lora",
    3322,
    "--lora-rank",
    "adapters keep their state themselves",
    DROP,
    (a) => a.on("multi_lora") || lora(a),
  ),
  stream(
    "cpu",
    3327,
    "--optimizer-cpu-offload",
    "the state is either on disk or in host memory",
    DROP,
    (a) => a.on("optimizer_cpu_offload"),
  ),
  stream("states", 3328, "--offload-optimizer-states", "the state is moved twice", DROP, (a) =>
    a.on("offload_optimizer_states"),
  ),
  stream(
    "precision-aware",
    3331,
    "--use-precision-aware-optimizer",
    "Megatron must hold the master weights itself",
    DROP,
    (a) => a.on("use_precision_aware_optimizer"),
  ),
  stream("reset", 3334, "--reset-optimizer-states", "there would be nothing to reset", DROP, (a) =>
    a.on("reset_optimizer_states"),
  ),
  stream(
    "checksum",
    3338,
    "--save-local-weight-checksum",
    "master weights are absent between steps",
    DROP,
    (a) => a.on("save_local_weight_checksum"),
  ),
  stream("witness", 3342, "--enable-witness", "the witness reads the state", DROP, (a) =>
    a.on("enable_witness"),
  ),
];
