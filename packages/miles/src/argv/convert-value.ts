import type { FlagSpec, Value, ValueType } from "./flag-spec.ts";
import { readLayerPattern } from "./layer-pattern.ts";
import { PythonFault } from "./python-fault.ts";
import { pythonFloat, pythonInt } from "./python-number.ts";

/** A text that argparse refuses; the caller knows the flag. */
export class BadValue extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BadValue";
  }
}

const ATTENTION_BACKENDS = new Set(["flash", "fused", "unfused", "local", "auto"]);
const GRAPH_SCOPES = new Set([
  "full_iteration",
  "attn",
  "mlp",
  "moe",
  "moe_router",
  "moe_preprocess",
  "mamba",
]);

/**
 * One text as the flag's type makes it.
 *
 * @throws BadValue where argparse would exit 2; PythonFault where the reference dies with a traceback
 */
export function convertValue(spec: FlagSpec, text: string): Value {
  return spec.type === undefined ? text : CONVERTERS[spec.type](text, spec);
}

const CONVERTERS: Readonly<Record<ValueType, (text: string, spec: FlagSpec) => Value>> = {
  int: (text) => known(pythonInt(text), "int", text),
  float: (text) => known(pythonFloat(text), "float", text),
  // Python's bool("False") is True: only the empty text is false.
  bool: (text) => text !== "",
  nullable: (text) => (text === "" || text === "None" ? null : text),
  json,
  size,
  intTuple,
  layerPattern: layers,
  attentionBackend: (text) => enumMember(ATTENTION_BACKENDS, text),
  cudaGraphScope: (text) => (text === "full" ? text : enumMember(GRAPH_SCOPES, text)),
};

/** Python looks the name up in an enum, and argparse does not catch what that raises. */
function enumMember(names: ReadonlySet<string>, text: string): string {
  if (!names.has(text)) throw new PythonFault("KeyError", `'${text}'`);
  return text;
}

function known(value: number | null, type: string, text: string): number {
  if (value === null) throw new BadValue(`invalid ${type} value: '${text}'`);
  return value;
}

function json(text: string): Value {
  try {
    // Python also reads NaN and Infinity, which JSON does not know.
    return JSON.parse(
      text.replaceAll(
        /("(?:[^"\\]|\\.)*")|-?\bInfinity\b|\bNaN\b/g,
        (_, quoted?: string) => quoted ?? "null",
      ),
    ) as Value;
  } catch {
    throw new BadValue(`invalid loads value: '${text}'`);
  }
}

const UNITS: Readonly<Record<string, number>> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

function size(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T)$/.exec(text.trim());
  if (match === null) return known(pythonInt(text), "size", text);
  const [, count = "", unit = ""] = match;
  if (unit.endsWith("i") && count.includes(".")) {
    throw new BadValue(`decimals are not allowed with ${unit}: '${text}'`);
  }
  return Math.trunc(Number(count) * (UNITS[unit] ?? 1));
}

function intTuple(text: string): number[] {
  return text
    .replace(/^[()]+|[()]+$/g, "")
    .split(",")
    .map((part) => known(pythonInt(part), "tuple_type", text));
}

function layers(text: string, spec: FlagSpec): Value {
  const result = readLayerPattern(text);
  if (result.kind === "value") return result.value;
  if (result.kind === "syntax") throw new PythonFault("SyntaxError", `invalid syntax: '${text}'`);
  throw new BadValue(`invalid value of ${spec.names[0] ?? ""}: '${text}'`);
}
