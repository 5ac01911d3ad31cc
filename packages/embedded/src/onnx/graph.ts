/** Element types that the engine's graphs use. */
export type ElementType = "float32" | "int64" | "bool";

/** A size, or the name of a size that is known when the graph runs. */
export type Dimension = number | string;

/** A tensor inside a graph: what a node makes, or an input, or a constant. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface GraphNode {
  readonly op: string;
  /** "" is the ONNX standard, "com.microsoft" ONNX Runtime's additions. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Constant {
  readonly value: Value;
  readonly data: Uint8Array;
}

export interface NodeOptions {
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface OutputSpec {
  readonly shape: readonly Dimension[];
  readonly type?: ElementType;
}

/** An ONNX graph under construction. Every method only appends, so the order of calls is the order of nodes. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly inputs: Value[] = [];
  readonly outputs: { readonly name: string; readonly value: Value }[] = [];
  readonly constants: Constant[] = [];
  readonly #constantsByKey = new Map<string, Value>();
  #names = 0;

  input(name: string, shape: readonly Dimension[], type: ElementType = "float32"): Value {
    const value: Value = { name, type, shape };
    this.inputs.push(value);
    return value;
  }

  /** Publishes a value under a name of its own. */
  output(name: string, value: Value): void {
    this.outputs.push({ name, value });
  }

  /** A node with one output. */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    shape: readonly Dimension[],
    options: NodeOptions & { readonly type?: ElementType } = {},
  ): Value {
    const type = options.type === undefined ? {} : { type: options.type };
    return this.#emit(op, inputs, [{ shape, ...type }], options)[0] as Value;
  }

  /** A node with several outputs. */
  multi(
    op: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly OutputSpec[],
    options: NodeOptions = {},
  ): Value[] {
    return this.#emit(op, inputs, outputs, options);
  }

  /** A float32 constant; equal constants are stored once. */
  float(values: readonly number[] | Float32Array, shape: readonly number[] = []): Value {
    return this.#constant("float32", shape, new Uint8Array(Float32Array.from(values).buffer));
  }

  scalar(value: number): Value {
    return this.float([value]);
  }

  /** An int64 constant; default shape: a vector. */
  ints(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.#constant(
      "int64",
      shape,
      new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer),
    );
  }

  #constant(type: ElementType, shape: readonly number[], data: Uint8Array): Value {
    const key = `${type}|${shape.join(",")}|${Buffer.from(data).toString("base64")}`;
    const known = this.#constantsByKey.get(key);
    if (known !== undefined) return known;
    const value: Value = { name: `c${this.#names++}`, type, shape };
    this.#constantsByKey.set(key, value);
    this.constants.push({ value, data });
    return value;
  }

  #emit(
    op: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly OutputSpec[],
    options: NodeOptions,
  ): Value[] {
    const values = outputs.map(({ shape, type }): Value => ({
      name: `v${this.#names++}`,
      type: type ?? "float32",
      shape,
    }));
    this.nodes.push({
      op,
      domain: options.domain ?? "",
      inputs: inputs.map((input) => input?.name ?? ""),
      outputs: values.map((value) => value.name),
      attributes: options.attributes ?? {},
    });
    return values;
  }
}
