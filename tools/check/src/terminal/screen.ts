import headless from "@xterm/headless";

/** A row as a terminal has it. */
export interface Row {
  readonly text: string;
  /** It goes on from the row above, which was too narrow. */
  readonly wrapped: boolean;
}

/** What a terminal shows of what is written to it: xterm.js without a window. */
export class Screen {
  readonly columns: number;
  readonly #terminal: headless.Terminal;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.#terminal = new headless.Terminal({
      cols: columns,
      rows,
      scrollback: 10_000,
      allowProposedApi: true,
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(bytes, resolve));
  }

  /** Everything that was scrolled by and the rows in sight, without the empty ones at the end. */
  rows(): Row[] {
    const { active } = this.#terminal.buffer;
    const rows: Row[] = [];
    for (let at = 0; at < active.length; at++) {
      const line = active.getLine(at);
      if (line !== undefined)
        rows.push({ text: line.translateToString(true), wrapped: line.isWrapped });
    }
    while (rows.length > 0 && rows.at(-1)?.text === "") rows.pop();
    return rows;
  }

  /** The rows in sight. */
  inSight(): string[] {
    return this.rows()
      .slice(this.#terminal.buffer.active.baseY)
      .map(({ text }) => text);
  }
}
