import { UsageError, VerificationError, type Emit } from "@moonlight-rl/core";
import { checkIteration } from "./check-iteration.ts";
import { fallBackTo, readSaveFolder } from "./save-folder.ts";

export interface StartOptions {
  readonly folder: string;
  readonly numRollout: number;
  readonly dataState: boolean;
  /** `--megatron-to-hf-mode bridge`: the framework then counts rollouts from 0 on every start. */
  readonly bridge: boolean;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Where a job begins. */
export type Start =
  | { readonly kind: "fresh" }
  /** Goes on after `iteration`, which the tracker names. */
  | { readonly kind: "resume"; readonly iteration: number }
  /** All rollouts are done and saved. */
  | { readonly kind: "finished"; readonly iteration: number };

/**
 * Decides where training goes on, by reading every byte of what it would go on from. A damaged iteration, or one without its
 * data position, is passed over for the one before it, and the tracker mended to say so. What the framework would do
 * wrongly and silently is refused:
 *
 * - `CHECKPOINT_RELEASE_AS_LOAD`: converted weights as the folder to resume from (it would skip rollout 0);
 * - `CHECKPOINT_BEYOND`: a checkpoint past the recipe's last rollout (it would end at once and successfully);
 * - `CHECKPOINT_BRIDGE_RESUME`: bridge mode, which counts from rollout 0 again;
 * - `CHECKPOINT_NONE_GOOD`: iterations, but none to go on from (it would load half a checkpoint or restart the prompts).
 */
export async function decideStart(options: StartOptions): Promise<Start> {
  const { folder, numRollout, dataState, emit, signal } = options;
  const { tracker, iterations } = await readSaveFolder(folder);
  if (tracker === "release")
    throw new UsageError(
      "CHECKPOINT_RELEASE_AS_LOAD",
      `${folder} holds converted weights ("release"), no run to resume: its first rollout would be skipped.`,
      { file: folder, hint: "Give it as the checkpoint to start from, and save elsewhere." },
    );
  // Without a tracker nothing was ever finished.
  if (tracker === undefined) return { kind: "fresh" };
  const last = typeof tracker === "number" ? tracker : (iterations.at(-1) ?? -1);
  const finished = iterations.filter((iteration) => iteration <= last).reverse();
  for (const iteration of finished) {
    const { fault } = await checkIteration(folder, iteration, { deep: true, dataState, signal });
    if (fault !== undefined) {
      emit({
        type: "warning",
        code: "CHECKPOINT_DAMAGED",
        message: `iteration ${iteration} cannot be used: ${fault.message} (${fault.code})`,
        hint: "Training goes on from the checkpoint before it.",
      });
      continue;
    }
    if (iteration !== tracker)
      await fallBackTo(
        folder,
        iteration,
        iterations.filter((one) => one > iteration),
      );
    return startAfter(iteration, numRollout, options);
  }
  throw new VerificationError(
    "CHECKPOINT_NONE_GOOD",
    `None of the iterations in ${folder} can be resumed from: ${finished.join(", ") || "none is there"}.`,
    {
      file: folder,
      hint: "Look at what the warnings say; delete the folder to train from the start.",
    },
  );
}

function startAfter(iteration: number, numRollout: number, { bridge }: StartOptions): Start {
  if (iteration === numRollout - 1) return { kind: "finished", iteration };
  if (iteration >= numRollout)
    throw new UsageError(
      "CHECKPOINT_BEYOND",
      `The checkpoint is of rollout ${iteration}, the recipe ends with rollout ${numRollout - 1}: none is left to do.`,
      { field: "rollout.numRollout", hint: `Ask for more than ${iteration + 1} rollouts in all.` },
    );
  if (bridge)
    throw new UsageError(
      "CHECKPOINT_BRIDGE_RESUME",
      "In bridge mode the framework starts at rollout 0 again whatever it has loaded.",
      { field: "model.megatronToHfMode", hint: "Use mode raw, or start anew in another folder." },
    );
  return { kind: "resume", iteration };
}
