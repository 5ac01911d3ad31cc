import { execa } from "execa";

/** What a gate found: how many of its checks passed, and a line for each that failed. */
export interface Verdict {
  readonly passed: number;
  readonly failures: readonly string[];
  /** What could not be checked here, and why. */
  readonly skipped?: readonly string[];
  /** Figures for whoever reads along. */
  readonly notes?: readonly string[];
}

/** One gate of `npm run check` or `npm run check:deep`. It throws or lists failures; it never mends anything. */
export interface Gate {
  readonly name: string;
  /** It changes what others read, or wants all cores for itself: no other gate runs beside it. */
  readonly alone?: true;
  run(): Promise<Verdict>;
}

/** A gate that is one command: it passes when the command exits with 0; its output is shown when it does not. */
export function commandGate(
  name: string,
  file: string,
  args: readonly string[],
  options: Pick<Gate, "alone"> = {},
): Gate {
  return {
    ...options,
    name,
    async run() {
      const result = await execa(file, args, {
        reject: false,
        all: true,
        stdin: "ignore",
        preferLocal: true,
      });
      if (result.exitCode === 0) return { passed: 1, failures: [] };
      return {
        passed: 0,
        failures: [
          `${file} ${args.join(" ")}: exit ${result.exitCode ?? result.signal}\n${result.all}`,
        ],
      };
    },
  };
}
