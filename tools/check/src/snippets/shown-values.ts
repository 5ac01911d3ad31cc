import { Script } from "node:vm";

const SHOWN = /^(?:const (\w+) = )?(.+); +\/\/ (.+)$/;
/** How a value begins that can be compared as it stands. */
const LITERAL = /^(?:[-\d"'[{]|true\b|false\b|undefined\b|null\b)/;

/**
 * Code whose comments are held to be true: where a line ends in `; // VALUE` and the value is a literal, the statement's value has to
 * equal it. What is abbreviated (`…`) or described in words is no literal and stays a comment. Every line stays on its line.
 */
export function withChecks(code: string): string {
  const lines = code.split("\n").map((line) => {
    const [, name, expression = "", comment = ""] = SHOWN.exec(line) ?? [];
    const value = comment.split(";", 1)[0]?.trim() ?? "";
    if (!isLiteral(value)) return line;
    if (name !== undefined) return `${line.replace(/ +\/\/.*$/, "")} shown(${name}, ${value});`;
    const logged = /^console\.log\((.+)\)$/.exec(expression)?.[1];
    const worth = logged ?? expression;
    return isExpression(`(${worth})`) ? `shown(${worth}, ${value});` : line;
  });
  const [first = "", ...rest] = lines;
  const head = lines.some((line) => line.includes("shown("))
    ? 'import { deepEqual as shown } from "node:assert/strict"; '
    : "";
  return `${head}${first}\n${rest.join("\n")}\nexport {};\n`;
}

function isLiteral(text: string): boolean {
  return LITERAL.test(text) && !text.includes("…") && isExpression(`(${text})`);
}

function isExpression(text: string): boolean {
  try {
    return new Script(`async () => ${text}`) instanceof Script;
  } catch {
    return false;
  }
}
