/** What a pickle can hold, as data. Nothing in here is ever called. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | PyFloat
  | PyTuple
  | PyGlobal
  | PyReduce
  | PyObject
  | PyPersistent;

/** A float that must stay one although its value is whole (3.0). Only written; reading gives numbers. */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export class PyTuple {
  readonly items: readonly PickleValue[];
  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** A name that Python would import; here only a name. */
export class PyGlobal {
  readonly module: string;
  readonly name: string;
  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }

  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

/** What Python would get by calling `callable`; here the call as data. Later BUILD and SETITEMS land in `state` and `items`. */
export class PyReduce {
  readonly callable: PickleValue;
  readonly args: readonly PickleValue[];
  state: PickleValue | undefined;
  readonly items = new Map<PickleValue, PickleValue>();
  readonly list: PickleValue[] = [];
  constructor(callable: PickleValue, args: readonly PickleValue[]) {
    this.callable = callable;
    this.args = args;
  }
}

/** An object that was made without calling its constructor, with the state it was given. */
export class PyObject {
  readonly cls: PickleValue;
  readonly args: readonly PickleValue[];
  state: PickleValue | undefined;
  readonly items = new Map<PickleValue, PickleValue>();
  readonly list: PickleValue[] = [];
  constructor(cls: PickleValue, args: readonly PickleValue[] = [], state?: PickleValue) {
    this.cls = cls;
    this.args = args;
    this.state = state;
  }
}

/** A reference to data outside of the pickle (a tensor's storage). */
export class PyPersistent {
  readonly id: PickleValue;
  constructor(id: PickleValue) {
    this.id = id;
  }
}

/** "module.name" of a global or of the class or callable of an object; undefined for plain values. */
export function typeName(value: PickleValue | undefined): string | undefined {
  if (value instanceof PyGlobal) return value.path;
  if (value instanceof PyObject) return typeName(value.cls);
  if (value instanceof PyReduce) return typeName(value.callable);
  return undefined;
}
