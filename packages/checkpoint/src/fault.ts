import { isMoonlightError, type MoonlightError } from "@moonlight-rl/core";

/**
 * Told of something wrong in a checkpoint that the rest can be read without. When it returns, what is wrong is left out; a
 * reader that wants all or nothing throws.
 */
export type OnFault = (fault: MoonlightError) => void;

/** What readers do who want all or nothing. */
export function refuse(fault: MoonlightError): never {
  throw fault;
}

/** Runs a step that the rest does not depend on; undefined after a fault that was taken. */
export async function orFault<T>(
  onFault: OnFault,
  step: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (!isMoonlightError(error)) throw error;
    onFault(error);
    return undefined;
  }
}
