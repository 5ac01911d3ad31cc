import { dirname } from "node:path/posix";
import type { LaunchPlan } from "./launch-plan.ts";
import { shellLine, shellQuote } from "./shell-quote.ts";

/** The `ray` command that belongs to the interpreter. */
export function rayCommand({ recipe }: LaunchPlan): string {
  const { python } = recipe.launch;
  return python.includes("/") ? shellQuote(`${dirname(python)}/ray`) : "ray";
}

/**
 * Bash that submits the job `$submission` to the job server `$dashboard` unless it is there already, follows its log, and ends
 * with 0 only when Ray says that it succeeded and, where the save folder can be seen, a checkpoint was written since.
 *
 * @param on a command that runs its arguments where Ray is; empty: here
 */
export function jobSteps(plan: LaunchPlan, on: string): string[] {
  const [python = "", program = ""] = plan.command;
  const ray = `${on}${rayCommand(plan)}`;
  const interpreter = `${on}${shellQuote(python)}`;
  return [
    "state() {",
    `  ${interpreter} -c 'import sys; from ray.job_submission import JobSubmissionClient as C; print(C(sys.argv[1]).get_job_status(sys.argv[2]).value)' \\`,
    '    "$dashboard" "$submission" 2>/dev/null',
    "}",
    "stop_job() {",
    '  echo "stopping job $submission" >&2',
    `  ${on}timeout 60 ${rayCommand(plan)} job stop --address "$dashboard" "$submission" || true`,
    '  exit "$1"',
    "}",
    "trap 'stop_job 130' INT",
    "trap 'stop_job 143' TERM",
    "",
    "marker=",
    "# SUBMISSION_ID of a job that exists: that one is followed, nothing is submitted twice.",
    "if ! state >/dev/null; then",
    "  marker=$(mktemp)",
    `  ${ray} job submit --address "$dashboard" --submission-id "$submission" --no-wait \\`,
    `    --runtime-env-json "$runtime_env" -- ${shellLine([python, program])} "\${args[@]}"`,
    "fi",
    "lost=0",
    "while true; do",
    "  # In the background, so that signals are heard; taken up again when the connection breaks.",
    `  ${ray} job logs --address "$dashboard" --follow "$submission" &`,
    "  wait $! || true",
    "  now=$(state || true)",
    '  case "$now" in',
    "    SUCCEEDED) break ;;",
    '    FAILED | STOPPED) echo "job $submission: $now" >&2; exit 1 ;;',
    '    "") lost=$((lost + 1)); if (( lost == 12 )); then echo "the job server at $dashboard is gone" >&2; exit 3; fi ;;',
    "    *) lost=0 ;;",
    "  esac",
    "  sleep 5",
    "done",
    ...evidence(plan.recipe.checkpoint.save),
    'echo "job $submission has succeeded"',
  ];
}

/** The reference also ends with 0 after no step at all. Its last rollout always saves, which shows from outside. */
function evidence(save: string | null): string[] {
  if (save === null) return [];
  const folder = save.replace(/(?<=.)\/+$/, "");
  return [
    `save=${shellQuote(folder)}`,
    'if [[ -n "$marker" && -d "$save" && ! "$save/latest_checkpointed_iteration.txt" -nt "$marker" ]]; then',
    '  echo "job $submission succeeded and has saved nothing: it took no step (was the run already over?)" >&2',
    "  exit 5",
    "fi",
  ];
}
