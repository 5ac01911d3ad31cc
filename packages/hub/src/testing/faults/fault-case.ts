import type { DownloadFixture, Refusal } from "../download-fixture.ts";

/** One way in which a fault shows itself, such that the download cannot end well while it lasts. */
export interface FaultCase {
  /** What happens, in words. */
  readonly what: string;
  readonly code: string;
  readonly exitCode: number;
  /** Not every machine can bring it about. */
  readonly possible?: boolean;
  /** Brings it about, sees how the download fails, takes the fault away and runs it again. */
  meet(fixture: DownloadFixture): Promise<Refusal>;
}

/** What is to be said beside the four promises that every refusal keeps; undefined when it is so. */
export function alsoKept(refusal: Refusal, promises: Readonly<Record<string, boolean>>): Refusal {
  const broken = Object.entries(promises).flatMap(([promise, kept]) => (kept ? [] : [promise]));
  return { ...refusal, broken: [...refusal.broken, ...broken] };
}
