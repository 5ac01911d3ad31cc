import { UsageError } from "@moonlight-rl/core";

/** Makes sure that within one run an id always means the same work. */
export class StageNames {
  readonly #keys = new Map<string, string>();

  /** @throws UsageError `STAGE_ID_TAKEN` when the id stands for other work already. */
  claim(id: string, key: string): void {
    const taken = this.#keys.get(id);
    if (taken === undefined) this.#keys.set(id, key);
    else if (taken !== key) {
      throw new UsageError(
        "STAGE_ID_TAKEN",
        `The pipeline calls stage "${id}" twice with different inputs.`,
        { field: id, hint: `Name one of the calls: stage(…, …, { id: "${id}-2" }).` },
      );
    }
  }
}

/** Refuses ids that could not be a label or a file name. */
export function checkStageId(id: string): void {
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) return;
  throw new UsageError("STAGE_ID_INVALID", `Stage id ${JSON.stringify(id)} is not valid.`, {
    field: id,
    hint: "Use lower-case letters, digits, '-', '_' and '.'.",
  });
}
