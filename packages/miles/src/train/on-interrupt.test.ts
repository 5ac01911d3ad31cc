import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { interruptChoice } from "./on-interrupt.ts";

class Terminal extends PassThrough {
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
}
const terminal = (isTTY: boolean): { input: Terminal; output: Terminal } => ({
  input: new Terminal(isTTY),
  output: new Terminal(isTTY),
});

describe("interruptChoice", () => {
  it("asks nobody when it is decided, or where nobody sits", async () => {
    expect(await interruptChoice("detach", terminal(true))).toBe("detach");
    expect(await interruptChoice("stop", terminal(true))).toBe("stop");
    expect(await interruptChoice("ask", terminal(false))).toBe("stop");
    expect(await interruptChoice(undefined, terminal(false))).toBe("stop");
  });

  it.each([
    ["d\n", "detach"],
    ["Detach\n", "detach"],
    ["s\n", "stop"],
    ["\n", "stop"],
  ])("takes %j for %s", async (typed, choice) => {
    const { input, output } = terminal(true);
    const asked = interruptChoice("ask", { input, output });
    input.write(typed);
    expect(await asked).toBe(choice);
    expect(String(output.read())).toContain("[d]etach");
  });
});
