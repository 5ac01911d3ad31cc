import type { Flag, FlagTable } from "./flag-table.ts";

/** A value as it stands in the argv. */
export interface TokenValue {
  readonly text: string;
  /** Index in the argv. */
  readonly position: number;
}

/** One flag of the argv with its values, or a text that belongs to no flag. */
export interface Token {
  /** The flag that this spelling names; absent: unknown, or a stray value. */
  readonly flag?: Flag;
  /** As written, without a joined value: `--lr` of `--lr=1e-6`. */
  readonly spelling: string;
  /** Index in the argv. */
  readonly position: number;
  readonly values: readonly TokenValue[];
  /** The value was written into the same argument: `--lr=1e-6`. */
  readonly joined: boolean;
}

/** A usage error as argparse would say it, before its prefix. */
export interface UsageFault {
  readonly message: string;
  readonly flag?: Flag;
  readonly position: number;
}

export type Tokenised =
  | { readonly tokens: readonly Token[]; readonly fault?: undefined }
  | { readonly tokens: readonly Token[]; readonly fault: UsageFault };

/** An argument that looks like a flag. */
interface Found {
  readonly flag?: Flag;
  readonly spelling: string;
  readonly joined?: string;
}

/**
 * Splits an argv as argparse does: what begins with a minus sign is a flag unless it is a plain negative number
 * or holds a space; a flag takes the values it may take; the rest is left over. Stops at the first usage error.
 */
export function tokenise(argv: readonly string[], table: FlagTable): Tokenised {
  const dashes = argv.indexOf("--");
  const end = dashes === -1 ? argv.length : dashes;
  const found: (Found | null)[] = [];
  for (const [position, argument] of argv.entries()) {
    const option = position < end ? asOption(argument, table) : null;
    if (option !== null && "message" in option)
      return { tokens: [], fault: { ...option, position } };
    found.push(option);
  }
  const tokens: Token[] = [];
  let position = 0;
  while (position < argv.length) {
    const text = argv[position] ?? "";
    const option = found[position] ?? null;
    if (option === null) {
      tokens.push(stray(text, position));
      position += 1;
      continue;
    }
    const token = take(option, argv, found, position, dashes);
    if ("message" in token) return { tokens, fault: token };
    tokens.push(token);
    position += 1 + (token.joined ? 0 : token.values.length);
  }
  return { tokens };
}

function stray(text: string, position: number): Token {
  return { spelling: text, position, values: [], joined: false };
}

function asOption(argument: string, table: FlagTable): Found | null | { message: string } {
  if (!argument.startsWith("-") || argument.length < 2) return null;
  const exact = table.bySpelling.get(argument);
  if (exact !== undefined) return { flag: exact, spelling: argument };
  const equals = argument.indexOf("=");
  const head = equals === -1 ? argument : argument.slice(0, equals);
  const tail = equals === -1 ? {} : { joined: argument.slice(equals + 1) };
  const named = equals === -1 ? undefined : table.bySpelling.get(head);
  if (named !== undefined) return { flag: named, spelling: head, ...tail };
  const candidates = abbreviated(head, table);
  if (candidates.length > 1) {
    return {
      message: `ambiguous option: ${argument} could match ${candidates.map(([name]) => name).join(", ")}`,
    };
  }
  const [only] = candidates;
  if (only !== undefined) return { flag: only[1], spelling: head, ...tail };
  if (/^-\d+$|^-\d*\.\d+$/.test(argument) || argument.includes(" ")) return null;
  return { spelling: argument };
}

function abbreviated(head: string, table: FlagTable): (readonly [string, Flag])[] {
  const found: (readonly [string, Flag])[] = [];
  if (!table.abbreviations || !head.startsWith("--")) return found;
  const sorted = table.sorted();
  for (let at = lowerBound(sorted, head); at < sorted.length; at += 1) {
    const name = sorted[at] ?? "";
    const flag = table.bySpelling.get(name);
    if (!name.startsWith(head) || flag === undefined) break;
    found.push([name, flag]);
  }
  return found;
}

/** Index of the first name that is not before `head`. */
function lowerBound(names: readonly string[], head: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] ?? "") < head) low = middle + 1;
    else high = middle;
  }
  return low;
}

function take(
  option: Found,
  argv: readonly string[],
  found: readonly (Found | null)[],
  position: number,
  dashes: number,
): Token | UsageFault {
  const { flag, spelling } = option;
  if (flag === undefined) return stray(spelling, position);
  if (option.joined !== undefined) {
    if (flag.arity === 0) {
      return { message: `ignored explicit argument '${option.joined}'`, flag, position };
    }
    // A count of two or more is not satisfied by one joined value.
    if (typeof flag.arity === "number" && flag.arity > 1) {
      return { message: expected(flag.arity), flag, position };
    }
    const values = [{ text: option.joined, position }];
    return { flag, spelling, position, values, joined: true };
  }
  const most = maximum(flag.arity);
  const values: TokenValue[] = [];
  for (let at = position + 1; at < argv.length && values.length < most; at += 1) {
    if (found[at] !== null || at === dashes) break;
    values.push({ text: argv[at] ?? "", position: at });
  }
  if (values.length < minimum(flag.arity)) {
    return { message: expected(flag.arity), flag, position };
  }
  return { flag, spelling, position, values, joined: false };
}

function maximum(arity: Flag["arity"]): number {
  if (typeof arity === "number") return arity;
  return arity === "one" || arity === "?" ? 1 : Number.POSITIVE_INFINITY;
}

function minimum(arity: Flag["arity"]): number {
  if (typeof arity === "number") return arity;
  return arity === "one" || arity === "+" ? 1 : 0;
}

function expected(arity: Flag["arity"]): string {
  if (arity === "one") return "expected one argument";
  if (arity === "+") return "expected at least one argument";
  if (arity === "?") return "expected at most one argument";
  return `expected ${String(arity)} argument${arity === 1 ? "" : "s"}`;
}
