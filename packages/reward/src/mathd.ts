import { strip } from "./python-number.ts";

/**
 * The string half of the reference's `math` grader: two answers are equal if these normal forms are.
 * Like the reference, a form that its rules cannot digest stays as it is.
 */
export function mathdForm(answer: string): string {
  let text = strip(answer);
  const inner = enclosedText(text);
  if (inner !== undefined) text = strip(inner);
  return normalForm(text) ?? text;
}

/** What stands in `\text{…}` if that is the whole of a one-line string; the brace that closes it is the last one. */
export function enclosedText(text: string): string | undefined {
  const end = text.endsWith("\n") ? text.length - 1 : text.length;
  if (!text.startsWith("\\text{") || text[end - 1] !== "}") return undefined;
  const inner = text.slice("\\text{".length, end - 1);
  return inner === "" || inner.includes("\n") ? undefined : inner;
}

/** Undefined where the reference's code raises. */
function normalForm(answer: string): string | undefined {
  let text = answer;
  // Most answers are plain numbers: the commands need a look only where there is a backslash.
  if (text.includes("\n")) text = text.replaceAll("\n", "");
  if (text.includes("\\")) {
    text = text.replaceAll("\\!", "").replaceAll("\\\\", "\\");
    text = text.replaceAll("tfrac", "frac").replaceAll("dfrac", "frac");
    text = text.replaceAll("\\left", "").replaceAll("\\right", "");
    text = text.replaceAll("^{\\circ}", "").replaceAll("^\\circ", "").replaceAll("\\$", "");
    const units = text.split("\\text{ ");
    if (units.length > 2) return undefined;
    text = (units[0] ?? "").replaceAll("\\%", "");
  } else {
    text = text.replaceAll("tfrac", "frac").replaceAll("dfrac", "frac");
  }
  text = text.replaceAll(" .", " 0.").replaceAll("{.", "{0.");
  if (text === "") return text;
  if (text.startsWith(".")) text = `0${text}`;
  text = withoutLeftSide(text);
  const roots = withBracedRoots(text);
  if (roots === undefined) return undefined;
  const fractions = withBracedFractions(roots.replaceAll(" ", ""));
  if (fractions === undefined) return undefined;
  return slashAsFraction(fractions === "0.5" ? "\\frac{1}{2}" : fractions);
}

/** `k = 5` → ` 5`, when what stands before the only equals sign has at most two characters. */
function withoutLeftSide(text: string): string {
  const at = text.indexOf("=");
  if (at === -1 || text.includes("=", at + 1)) return text;
  // Two characters take at most four code units.
  return at <= 4 && Array.from(text.slice(0, at)).length <= 2 ? text.slice(at + 1) : text;
}

/** `\sqrt3` → `\sqrt{3}`. */
function withBracedRoots(text: string): string | undefined {
  const [head = "", ...parts] = text.split("\\sqrt");
  const result = [head];
  for (const part of parts) {
    if (part === "") return undefined;
    const first = characterAt(part, 0);
    result.push(first === "{" ? `\\sqrt${part}` : `\\sqrt{${first}}${part.slice(first.length)}`);
  }
  return result.join("");
}

/** `\frac12` → `\frac{1}{2}`, `\frac1{72}` → `\frac{1}{72}`; one command of fewer than two characters leaves all as it is. */
function withBracedFractions(text: string): string | undefined {
  const [head = "", ...parts] = text.split("\\frac");
  const result = [head];
  for (const part of parts) {
    if (part === "") return undefined;
    if (part.startsWith("{")) {
      result.push(`\\frac${part}`);
      continue;
    }
    const numerator = characterAt(part, 0);
    const denominator = characterAt(part, numerator.length);
    if (denominator === "") return text;
    const rest = part.slice(numerator.length + denominator.length);
    result.push(
      denominator === "{"
        ? `\\frac{${numerator}}{${rest}`
        : `\\frac{${numerator}}{${denominator}}${rest}`,
    );
  }
  return result.join("");
}

const SIMPLE_FRACTION = /^(0|-?[1-9][0-9]*)\/(0|-?[1-9][0-9]*)$/;
/** Longer integers cannot be read in the reference's language. */
const MAX_DIGITS = 4300;

/** `a/b` → `\frac{a}{b}` for two integers in canonical form. */
function slashAsFraction(text: string): string {
  const match = SIMPLE_FRACTION.exec(text);
  if (match === null) return text;
  const [, numerator = "", denominator = ""] = match;
  if (Math.max(digits(numerator), digits(denominator)) > MAX_DIGITS) return text;
  return `\\frac{${numerator}}{${denominator}}`;
}

function digits(integer: string): number {
  return integer.startsWith("-") ? integer.length - 1 : integer.length;
}

/** The whole character (code point) at an index of a string; "" past its end. */
function characterAt(text: string, index: number): string {
  const code = text.codePointAt(index);
  return code === undefined ? "" : String.fromCodePoint(code);
}
