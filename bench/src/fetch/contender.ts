import { execa } from "execa";
import { REPO } from "./hub-answers.ts";
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
  /** It fetches over one connection at a time, so that where each is capped its rate is the cap. */
  readonly oneConnection?: true;
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

/** A peer, and how it is made ready; `prepare` throws when it cannot be had here. */
export interface Peer {
  readonly peer: string;
  prepare(signal: AbortSignal, note: (text: string) => void): Promise<Contender>;
}

/** Where a file of the repository is. */
export function address(
  url: string,
  { commit }: { readonly commit: string },
  path: string,
): string {
  return `${url}/${REPO}/resolve/${commit}/${path}`;
}

/** First line of `command --version`; throws with the hint when there is no such command. */
export async function installed(command: string, hint: string): Promise<string> {
  const { exitCode, stdout } = await execa(command, ["--version"], { reject: false });
  if (exitCode !== 0) throw new Error(`${command} is not installed: ${hint}`);
  return stdout.split("\n", 1)[0] ?? "";
}
