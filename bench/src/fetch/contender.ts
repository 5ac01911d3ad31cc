import type { Timed } from "../measure/timed-command.ts";
import type { SyntheticRepo } from "./synthetic-repo.ts";

export interface Attempt {
  /** HF_ENDPOINT. */
  readonly url: string;
  readonly repo: SyntheticRepo;
  /** Empty folder for all that the contender writes. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A way to bring the repository here. */
export interface Contender {
  readonly peer: string;
  /** What it was told, for whoever reads the figures. */
  readonly settings: string;
  download(attempt: Attempt): Promise<Pick<Timed, "seconds" | "peakRss">>;
}

/** Environment of every contender: nobody's token, cache, proxy or progress bar. */
export function cleanEnvironment(
  extra: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  const hidden = Object.keys(process.env).filter((name) =>
    /^(?:HF_|HUGGING|MOONLIGHT_|.*_proxy$|NODE_OPTIONS$)/i.test(name),
  );
  return {
    ...Object.fromEntries(hidden.map((name) => [name, undefined])),
    NO_COLOR: "1",
    ...extra,
  };
}
