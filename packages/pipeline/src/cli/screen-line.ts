import { wrapText } from "@moonlight-rl/core";

// oxlint-disable-next-line no-control-regex -- colour codes take no room on the screen
const CODES = /(\u001B\[[0-9;]*m)/;

/** Cuts a line to `width` columns, colour codes not counted: a wrapped line could not be erased. East Asian wide characters count twice. */
export function fitLine(line: string, width: number): string {
  let room = width;
  return line
    .split(CODES)
    .map((part, i) => {
      if (i % 2 === 1) return part;
      let shown = "";
      for (const character of part) {
        const columns = columnsOf(character);
        if (columns > room) {
          room = 0;
          break;
        }
        shown += character;
        room -= columns;
      }
      return shown;
    })
    .join("");
}

function columnsOf(character: string): number {
  return /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Extended_Pictographic}/u.test(
    character,
  )
    ? 2
    : 1;
}

/** `text` padded or cut to exactly `width` columns; for plain text. */
export function column(text: string, width: number, align: "left" | "right" = "left"): string {
  const characters = [...text];
  const cut =
    characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
  return align === "left" ? cut.padEnd(width) : cut.padStart(width);
}

/** Lines broken between words, where the screen would break within them; what follows is indented a little more. */
export function breakLines(text: string, width: number): string {
  return text
    .split("\n")
    .map((line) => {
      // oxlint-disable-next-line no-control-regex -- a colour may begin before the indentation
      const [, before = "", indent = ""] = /^((?:\u001B\[[0-9;]*m)*)( *)/.exec(line) ?? [];
      const first = before + indent;
      return wrapText(line.slice(first.length), { width, first, rest: `${indent}  ` });
    })
    .join("\n");
}
