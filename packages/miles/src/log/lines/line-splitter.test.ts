import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter, type RawLine } from "./line-splitter.ts";

function split(chunks: readonly Uint8Array[], max?: number): RawLine[] {
  const lines: RawLine[] = [];
  const splitter = new LineSplitter(
    (line) => lines.push(line),
    max === undefined ? {} : { maxLineBytes: max },
  );
  for (const chunk of chunks) {
    // The caller's buffer is its own: it may be written over at once.
    const own = Uint8Array.from(chunk);
    splitter.push(own);
    own.fill(0x58);
  }
  splitter.end();
  return lines;
}

const texts = (text: string, max?: number): string[] =>
  split([Buffer.from(text)], max).map((line) => line.text);

/** Cuts bytes at the given places. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...sorted].map((start, index) => bytes.subarray(start, sorted[index] ?? bytes.length));
}

const anyLog = fc
  .array(fc.constantFrom("a", "é", "█", "\n", "\r", "\r\n", "\r\r\n", "𝄞", "rollout 3", "", "\0"), {
    maxLength: 60,
  })
  .map((parts) => parts.join(""));

describe("LineSplitter", () => {
  it("ends lines at LF, CR LF and CR", () => {
    expect(texts("a\nb\r\nc\rd\n\ne")).toEqual(["a", "b", "c", "d", "", "e"]);
  });

  it("knows a bar that is drawn over itself, and what stands before its first picture", () => {
    const lines = split([Buffer.from("(A pid=1) \r10%\r20%\nnext\n\r30%\n")]);
    expect(lines.map(({ text, redrawn, redraws }) => [text, redrawn, redraws])).toEqual([
      ["(A pid=1) ", true, false],
      ["10%", true, true],
      ["20%", false, true],
      ["next", false, false],
      ["30%", false, true],
    ]);
  });

  it("gives the same lines however the bytes are torn", () => {
    fc.assert(
      fc.property(anyLog, fc.array(fc.nat(), { maxLength: 12 }), (log, places) => {
        const bytes = Buffer.from(log);
        expect(split(cutAt(bytes, places))).toEqual(split([bytes]));
      }),
    );
  });

  it("says where each line begins", () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const bytes = Buffer.from(log);
        for (const { text, offset } of split([bytes])) {
          const own = Buffer.from(text);
          expect(bytes.subarray(offset, offset + own.length).equals(own)).toBe(true);
        }
      }),
    );
  });

  it("goes on from its offset without loss or repeat", () => {
    fc.assert(
      fc.property(anyLog, fc.nat(), (log, place) => {
        const bytes = Buffer.from(log);
        const at = place % (bytes.length + 1);
        const lines: RawLine[] = [];
        const first = new LineSplitter((line) => lines.push(line));
        first.push(bytes.subarray(0, at));
        const second = new LineSplitter((line) => lines.push(line), { offset: first.resumeOffset });
        second.push(bytes.subarray(first.resumeOffset));
        second.end();
        const plain = ({ text, offset }: RawLine): unknown => ({ text, offset });
        expect(lines.map(plain)).toEqual(split([bytes]).map(plain));
      }),
    );
  });

  it("keeps the beginning of a line without end, and says how much it read over", () => {
    const [line, next] = split(
      [...Array.from({ length: 100 }, () => Buffer.alloc(10_000, "a")), Buffer.from("\nb\n")],
      4096,
    );
    expect(line).toMatchObject({ offset: 0, cut: 1_000_000 - 4096 });
    expect(line?.text).toBe("a".repeat(4096));
    expect(next).toMatchObject({ text: "b", offset: 1_000_001, cut: 0 });
  });

  it("cuts between characters", () => {
    for (const character of ["é", "█", "𝄞"])
      for (let max = 16; max < 24; max++) {
        const [line] = split([Buffer.from(character.repeat(20) + "\n")], max);
        expect(line?.text).toBe(character.repeat(Math.floor(max / Buffer.byteLength(character))));
        expect(line?.cut).toBe(
          Buffer.byteLength(character.repeat(20)) - Buffer.byteLength(line?.text ?? ""),
        );
      }
  });

  it("reads over bytes that are no UTF-8", () => {
    expect(split([Buffer.from([0xff, 0x61, 0xc3, 0x0a, 0x62])]).map(({ text }) => text)).toEqual([
      "\uFFFDa\uFFFD",
      "b",
    ]);
  });

  it("refuses a bound that is none", () => {
    expect(() => new LineSplitter(() => {}, { maxLineBytes: 0 })).toThrow(/maxLineBytes/);
  });
});
