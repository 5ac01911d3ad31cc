/** What a check found. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts checks and prints what is worth a line: each disagreement, and each reason to skip. What any check of this
 * folder writes, in Python as well, is read by these rules: `FAIL  …`, `skip  …`, and at the end `N passed, N failed`.
 */
export class Tally {
  #passed = 0;
  #failed = 0;
  readonly #skipped = new Map<string, number>();

  pass(): void {
    this.#passed++;
  }

  fail(text: string): void {
    this.#failed++;
    console.log(`FAIL  ${text}`);
  }

  /** Many cases may be skipped for one reason; it is told once, with their number. */
  skip(reason: string): void {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1);
  }

  /** Prints the end and sets the exit code. */
  finish(): void {
    if (this.#passed + this.#failed + this.#skipped.size === 0) this.fail("nothing was checked");
    for (const [reason, count] of this.#skipped) console.log(skipLine(count, reason));
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 ? 0 : 1;
  }
}

/** "skip  3 × reason": counted by `countOutput`. */
export function skipLine(count: number, reason: string): string {
  return `skip  ${count} × ${reason}`;
}

/** Reads a check's output; undefined when it does not end as it must, which is a failure of its own. */
export function countOutput(output: string): Count | undefined {
  const lines = output.trimEnd().split("\n");
  const end = /^(\d+) passed, (\d+) failed$/.exec(lines.at(-1) ?? "");
  if (end === null) return undefined;
  const skipped = lines.reduce((sum, line) => {
    const skip = /^skip {2}(?:(\d+) × )?/.exec(line);
    return skip === null ? sum : sum + Number(skip[1] ?? 1);
  }, 0);
  return { passed: Number(end[1]), failed: Number(end[2]), skipped };
}
