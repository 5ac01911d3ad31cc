import type { Args } from "../args.ts";
import { miles, override, rule, type Step } from "../step.ts";

const trains = (a: Args): boolean => a.list("ft_components").includes("train");

/** The dashboard, fault-tolerant components and independent replicas: what comes before everything else. */
export const FAULT_TOLERANCE_FIRST_STEPS: readonly Step[] = [
  rule(
    "dashboard-needs-dump",
    "miles/dashboard/args.py:69",
    ["--use-miles-dashboard", "--dump-details"],
    "the dashboard's telemetry is written below the dump folder, and there is none",
    "Add --dump-details DIR.",
    (a) => a.on("use_miles_dashboard") && a.none("dump_details"),
  ),
  override(
    "fault-tolerance-components",
    miles(2812),
    ["--ft-components", "--use-fault-tolerance"],
    "without --use-fault-tolerance the components are ignored; with it they are the rollout engines unless named",
    (a) => {
      const named = a.get("ft_components");
      a.set("ft_components", a.on("use_fault_tolerance") ? (named ?? ["rollout"]) : []);
    },
  ),
];

export const FAULT_TOLERANCE_STEPS: readonly Step[] = [
  rule(
    "fault-tolerance-mini-controller",
    miles(2816),
    ["--control-server-port", "--mini-ft-controller-enable"],
    "the small controller talks to the control server, which has no port",
    "Set --control-server-port.",
    (a) => a.on("mini_ft_controller_enable") && a.is("control_server_port", 0),
  ),
  override(
    "fault-tolerance-training",
    miles(2819),
    ["--ft-components"],
    "a fault-tolerant trainer switches on independent replicas, delayed splitting, checksums, the event analyser, witnesses and local checkpoints",
    (a) => {
      if (!trains(a)) return;
      for (const name of [
        "indep_dp",
        "delay_split_train_data_by_dp",
        "save_local_weight_checksum",
        "enable_event_analyzer",
        "enable_witness",
      ]) {
        a.set(name, true);
      }
      a.set("non_persistent_ckpt_type", "local");
      if (!a.has("non_persistent_local_ckpt_dir") || a.none("non_persistent_local_ckpt_dir")) {
        a.set("non_persistent_local_ckpt_dir", "/tmp/miles_local_ckpt");
      }
      a.set("non_persistent_local_ckpt_algo", "atomic");
    },
  ),
  override(
    "independent-replica-world",
    miles(2841),
    ["--indep-dp"],
    "with independent replicas the world is one replica: TP × PP × CP",
    (a) => {
      if (!a.on("indep_dp")) return;
      a.set(
        "world_size",
        a.num("tensor_model_parallel_size") *
          a.num("pipeline_model_parallel_size") *
          a.num("context_parallel_size"),
      );
    },
  ),
  rule(
    "logprobs-by-prefill",
    miles(2844),
    ["--recompute-logprobs-via-prefill", "--true-on-policy-mode"],
    "log-probabilities by prefill belong to the true on-policy mode",
    "Add --true-on-policy-mode, or leave the flag out.",
    (a) => a.on("recompute_logprobs_via_prefill") && !a.on("true_on_policy_mode"),
  ),
];
