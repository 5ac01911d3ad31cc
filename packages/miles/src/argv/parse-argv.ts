import { BadValue, convertValue } from "./convert-value.ts";
import { defaultOf, type Value } from "./flag-spec.ts";
import { flagTable, type Flag, type FlagTable, type ParserName } from "./flag-table.ts";
import { PythonFault } from "./python-fault.ts";
import { tokenise, type Token, type UsageFault } from "./tokenise.ts";

/** Why the command line is refused. */
export interface ParseFault extends UsageFault {
  /** `usage`: argparse exits with 2; anything else is a Python exception that nobody catches. */
  readonly type: string;
}

/** An argv as one of the reference's parsers understands it. */
export interface ParsedArgv {
  /** Flags in order with spelling, values and positions: enough to write the same argv again. */
  readonly tokens: readonly Token[];
  /** What belongs to no flag; the full parser refuses such an argv. */
  readonly leftover: readonly Token[];
  /** Attribute → value: the defaults, then what the flags say; the last one wins. */
  readonly namespace: Map<string, Value>;
  /** Attributes that a flag was given for. */
  readonly given: ReadonlySet<string>;
  /** Values outside of the choices that SGLang names; its own parser may refuse them. */
  readonly unusual: readonly { readonly flag: Flag; readonly text: string }[];
  readonly fault?: ParseFault;
}

/**
 * Reads an argv (without the program's name) with the parser of the reference: the flags of Megatron-LM, miles, SGLang
 * and its router. Never throws; the first fault stops the reading, as it does there.
 */
export function parseArgv(argv: readonly string[], parser: ParserName = "full"): ParsedArgv {
  const table = flagTable(parser);
  const { tokens, fault } = tokenise(argv, table);
  const leftover = tokens.filter(({ flag }) => flag === undefined);
  const state: State = { namespace: defaults(table), given: new Set(), unusual: [] };
  const wrong = applyAll(tokens, state) ?? (fault && { ...fault, type: "usage" });
  const problem = wrong ?? missing(table, state) ?? strays(parser, leftover);
  return { tokens, leftover, ...state, ...(problem === undefined ? {} : { fault: problem }) };
}

interface State {
  readonly namespace: Map<string, Value>;
  readonly given: Set<string>;
  readonly unusual: { flag: Flag; text: string }[];
}

const defaultValues = new WeakMap<FlagTable, ReadonlyMap<string, Value>>();

function defaults(table: FlagTable): Map<string, Value> {
  const known = defaultValues.get(table);
  if (known !== undefined) return new Map(known);
  const namespace = new Map<string, Value>();
  for (const { spec, dest } of table.flags) {
    if (spec.suppress !== true && !namespace.has(dest)) namespace.set(dest, defaultOf(spec));
  }
  defaultValues.set(table, namespace);
  return new Map(namespace);
}

function applyAll(tokens: readonly Token[], state: State): ParseFault | undefined {
  for (const token of tokens) {
    const { flag, position } = token;
    if (flag === undefined) continue;
    try {
      apply(flag, token, state);
    } catch (error) {
      if (error instanceof BadValue) {
        return { type: "usage", message: error.message, flag, position };
      }
      if (error instanceof PythonFault) {
        return { type: error.type, message: error.message, flag, position };
      }
      throw error;
    }
  }
  return undefined;
}

function apply(flag: Flag, token: Token, state: State): void {
  const { spec, dest } = flag;
  if (spec.action === "ignore") return;
  if (spec.action === "help") throw new BadValue("the program prints its help and ends");
  state.namespace.set(dest, valueOf(flag, token, state));
  state.given.add(dest);
}

function valueOf(flag: Flag, token: Token, state: State): Value {
  const { spec, dest } = flag;
  switch (spec.action) {
    case "storeTrue":
      return true;
    case "storeFalse":
      return false;
    case "boolean":
      return !token.spelling.startsWith("--no-");
    case "storeConst":
      return spec.constant ?? null;
    default: {
      const read = values(flag, token, state);
      if (spec.action !== "append") return read;
      const before = state.namespace.get(dest);
      return [...(Array.isArray(before) ? (before as readonly Value[]) : []), read];
    }
  }
}

function values(flag: Flag, token: Token, state: State): Value {
  const { spec, arity } = flag;
  if (token.values.length === 0 && arity === "?") return spec.constant ?? null;
  const read = token.values.map(({ text }) => {
    const value = convertValue(spec, text);
    checkChoice(flag, value, text, state);
    return value;
  });
  return arity === "one" || arity === "?" ? (read[0] ?? null) : read;
}

function checkChoice(flag: Flag, value: Value, text: string, state: State): void {
  const { choices } = flag.spec;
  if (choices === undefined || choices === null) return;
  if (choices.some((choice) => choice === value)) return;
  if (flag.external) {
    state.unusual.push({ flag, text });
    return;
  }
  const list = choices.map((choice) =>
    typeof choice === "string" ? `'${choice}'` : String(choice),
  );
  throw new BadValue(`invalid choice: '${text}' (choose from ${list.join(", ")})`);
}

function missing(table: FlagTable, { given }: State): ParseFault | undefined {
  const absent = table.flags.filter(({ spec, dest }) => spec.required === true && !given.has(dest));
  const [first] = absent;
  if (first === undefined) return undefined;
  const names = absent.map(({ spec }) => spec.names.join("/")).join(", ");
  return {
    type: "usage",
    message: `the following arguments are required: ${names}`,
    flag: first,
    position: 0,
  };
}

function strays(parser: ParserName, leftover: readonly Token[]): ParseFault | undefined {
  const [first] = leftover;
  if (parser === "backend" || first === undefined) return undefined;
  return {
    type: "usage",
    message: `unrecognized arguments: ${leftover.map(({ spelling }) => spelling).join(" ")}`,
    position: first.position,
  };
}
