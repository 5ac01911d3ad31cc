import type { PythonValue } from "./python-value.ts";

/** NumPy's and torch's wrappers of one value: their first argument is what they say. */
const SCALAR =
  /^(?:(?:np|numpy)\.(?:float|int|uint|bool|str|longdouble|longlong|ulonglong|intc|bytes)\w*|tensor|array|(?:np|numpy)\.array|torch\.tensor|Parameter|float|int|list|tuple|set|frozenset|deque|OrderedDict|dict|Counter)$/;

/** What `name(…)` says: the value itself where it only wraps one, else a record of the call. */
export function callValue(
  name: string,
  args: readonly PythonValue[],
  named: ReadonlyMap<string, PythonValue>,
): PythonValue {
  const [first, second] = args;
  // defaultdict(<class 'int'>, {…}) is the dict.
  if (name.endsWith("defaultdict") && second !== undefined) return second;
  if (first !== undefined && SCALAR.test(name)) return first;
  return { call: name, args, named };
}
