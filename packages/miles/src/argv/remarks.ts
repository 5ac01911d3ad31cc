import type { Finding, Severity } from "@moonlight-rl/recipe";
import { Args } from "./args.ts";
import type { Verdict } from "./validate-argv.ts";
import { isRepository, type FileState } from "./world.ts";

/** What nobody checks before the GPUs are taken, and what a run would stumble over then. */
export interface Remark {
  readonly id: string;
  readonly severity: Severity;
  readonly flags: readonly string[];
  readonly reason: string;
  readonly fix: string;
  /** What the reference does about it. */
  readonly reference: string;
}

interface Known {
  readonly args: Args;
  readonly files: FileState;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface RemarkRule extends Omit<Remark, "reason"> {
  /** The reason, where there is one. */
  readonly check: (known: Known) => string | undefined;
}

/** Datasets of rollouts and evaluations; a slice like `@[0:100]` is not part of the path. */
function datasets(args: Args): string[] {
  const training = args.text("prompt_data");
  const listed = args.on("eval_prompt_data") ? args.list("eval_prompt_data") : [];
  const evaluated = listed.filter((_, index) => index % 2 === 1);
  return [training, ...evaluated]
    .filter((path) => typeof path === "string")
    .map((path) => path.replace(/@\[-?\d*:-?\d*\]$/, ""));
}

const TRACKER = "latest_checkpointed_iteration.txt";

/** The iteration that a resumed run continues after; undefined: none, or unknown. */
function resumedIteration({ args, files }: Known): number | undefined {
  const folder = args.text("load");
  if (folder === null || args.on("finetune")) return undefined;
  const text = files.read(`${folder.replace(/\/+$/, "")}/${TRACKER}`)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

const REMARKS: readonly RemarkRule[] = [
  {
    id: "data-format",
    severity: "error",
    flags: ["--prompt-data", "--eval-prompt-data"],
    fix: "Convert it to .jsonl or .parquet.",
    reference:
      "ValueError when the dataset is read, after the engines are up (miles/utils/data.py).",
    check: ({ args }) => {
      const wrong = datasets(args).find((path) => !/\.(jsonl|parquet)$/.test(path));
      return wrong && `${wrong} is neither .jsonl nor .parquet`;
    },
  },
  {
    id: "data-missing",
    severity: "warning",
    flags: ["--prompt-data", "--eval-prompt-data"],
    fix: "Fetch it there, or correct the path.",
    reference:
      "FileNotFoundError when the dataset is read, after the engines are up (miles/utils/data.py).",
    check: ({ args, files }) => {
      const absent = datasets(args).find((path) => files.kind(path) === "absent");
      return absent && `${absent} does not exist here; workers must see it under this path`;
    },
  },
  {
    id: "data-label",
    severity: "warning",
    flags: ["--label-key"],
    fix: "Set --label-key to the field of the expected answer.",
    reference: "Not checked: a missing label is graded as wrong.",
    check: ({ args }) =>
      args.none("label_key") && args.is("rm_type", "math")
        ? "answers are graded against a label, and no field of the data is named as such"
        : undefined,
  },
  {
    id: "checkpoint-repository",
    severity: "warning",
    flags: ["--hf-checkpoint"],
    fix: "Fetch the model (moonlight fetch) and name its folder by an absolute path.",
    reference:
      "Loads it from the Hub on every node, or fails there in the job (miles/utils/hf_config.py:106).",
    check: ({ args }) => {
      const path = args.text("hf_checkpoint") ?? "";
      return isRepository(path)
        ? `${path} is no absolute path: it is taken for a repository of the Hub, and nobody has looked whether there is one`
        : undefined;
    },
  },
  {
    id: "profile-target",
    severity: "error",
    flags: ["--profile-target", "--use-pytorch-profiler"],
    fix: "Use --profile-target train_overall.",
    reference: "NotImplementedError in every trainer, after the GPUs are taken (actor.py:134-138).",
    check: ({ args }) => {
      if (!args.on("use_pytorch_profiler") || args.on("debug_rollout_only")) return undefined;
      const unknown = ["train_actor", "train_log_probs"].filter((target) =>
        args.list("profile_target").includes(target),
      );
      return unknown.length === 0
        ? undefined
        : `Megatron's trainer cannot profile ${unknown.join(" and ")} alone`;
    },
  },
  {
    id: "rollout-prompts",
    severity: "note",
    flags: ["--over-sampling-batch-size"],
    fix: "Nothing to do; plan the data accordingly.",
    reference: "Surplus prompts are thrown away and count as consumed (sglang_rollout.py:485-591).",
    check: ({ args }) => {
      const [taken, kept] = [args.num("over_sampling_batch_size"), args.num("rollout_batch_size")];
      return taken > kept && !args.on("partial_rollout")
        ? `each rollout consumes at least ${taken} prompts and keeps ${kept}`
        : undefined;
    },
  },
  {
    id: "resume-finished",
    severity: "error",
    flags: ["--num-rollout", "--load"],
    fix: "Raise --num-rollout above the resumed rollout, or train into another folder.",
    reference: "The loop runs zero times and the job ends as a success (train.py).",
    check: (known) => {
      const iteration = resumedIteration(known);
      const { args } = known;
      return iteration !== undefined &&
        !args.none("num_rollout") &&
        args.num("num_rollout") <= iteration + 1
        ? `the checkpoint is of rollout ${iteration}, and the run ends before rollout ${args.num("num_rollout")}`
        : undefined;
    },
  },
  {
    id: "wandb-group",
    severity: "error",
    flags: ["--wandb-group", "--use-wandb"],
    fix: "Set --wandb-group, or add --disable-wandb-random-suffix.",
    reference: "TypeError, None + a suffix (miles/utils/tracking_utils/wandb_utils.py:53).",
    check: ({ args }) =>
      args.on("use_wandb") && args.none("wandb_group") && args.on("wandb_random_suffix")
        ? "Weights & Biases names the run after a group, and none is given"
        : undefined,
  },
  {
    id: "tensorboard-folder",
    severity: "error",
    flags: ["--tb-project-name", "--use-tensorboard"],
    fix: "Set --tb-project-name, or TENSORBOARD_DIR in the job's environment.",
    reference: "ValueError when tracking starts (miles/utils/tracking_utils/tensorboard_utils.py).",
    check: ({ args, env }) =>
      args.on("use_tensorboard") && args.none("tb_project_name") && !env["TENSORBOARD_DIR"]
        ? "TensorBoard does not know where to write"
        : undefined,
  },
];

/** What a run that miles accepts would stumble over later; nothing of a rejected one. */
export function argvRemarks(
  verdict: Verdict,
  files: FileState = { kind: () => "unknown", read: () => undefined },
  env: Readonly<Record<string, string | undefined>> = {},
): Remark[] {
  if (verdict.outcome === "reject") return [];
  const known = { args: new Args(verdict.resolved), files, env };
  const found = REMARKS.flatMap(({ check, ...facts }) => {
    const reason = check(known);
    return reason === undefined || reason === "" ? [] : [{ ...facts, reason }];
  });
  return [...found, ...engineChoices(verdict)];
}

function engineChoices({ parsed }: Verdict): Remark[] {
  return parsed.unusual.map(({ flag, text }) => ({
    id: "engine-choice",
    severity: "warning",
    flags: flag.spec.names,
    reason: `SGLang 0.5.16 does not know "${text}"; it takes ${(flag.spec.choices ?? []).join(", ")}`,
    fix: "Use one of them, unless the cluster has another version.",
    reference: "Refused by SGLang's own choices.",
  }));
}

/** A remark as a finding about a field of a recipe. */
export function remarkFinding(remark: Remark, field: string): Finding {
  const { id, severity, reason, fix, reference } = remark;
  return {
    rule: `miles-${id}`,
    severity,
    field,
    reason,
    fix,
    reference,
    beyondReference: true,
  };
}
