import { PythonFault } from "../python-fault.ts";

/** The layers of one pipeline stage: E embedding, t decoder layer, m multi-token prediction, L loss. */
export type StageLayers = string;

/** More stages than any cluster; bounds what `*n` may unroll to. */
const MAX_LENGTH = 100_000;

/**
 * A pipeline layout ("Et*3|(tt|)*12L") as stages.
 *
 * @throws PythonFault AssertionError on a letter that stands for no layer
 */
export function readPipelineLayout(text: string): readonly StageLayers[] {
  const stages = unroll(text).split("|");
  for (const stage of stages) {
    const wrong = /[^ELtm]/.exec(stage)?.[0];
    if (wrong !== undefined) throw new PythonFault("AssertionError", `unknown layer '${wrong}'`);
  }
  return stages;
}

/** How many stages a layout has, whatever its letters are. */
export function countStages(text: string): number {
  return unroll(text).split("|").length;
}

function unroll(text: string): string {
  let unrolled = text.replaceAll(",", "");
  for (const pattern of [/\(([^)]+)\)\*(\d+)/g, /(.)\*(\d+)/g]) {
    unrolled = unrolled.replace(pattern, (_, part: string, times: string) => {
      if (part.length * Number(times) > MAX_LENGTH) throw new PythonFault("MemoryError", text);
      return part.repeat(Number(times));
    });
  }
  return unrolled;
}
