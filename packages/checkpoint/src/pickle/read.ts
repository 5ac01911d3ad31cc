import type { VerificationError } from "@moonlight-rl/core";
import { PickleCursor } from "./cursor.ts";
import { PickleStack } from "./stack.ts";
import { PyGlobal, PyObject, PyPersistent, PyReduce, PyTuple, type PickleValue } from "./value.ts";

/**
 * Reads a pickle of protocol 0–5 into data. Globals stay names, calls stay calls: nothing is imported or executed, so
 * a hostile file can at worst be refused. Memory is bounded by the length of the input.
 */
export function readPickle(bytes: Uint8Array, file: string, byteOffset = 0): PickleValue {
  return new Machine(new PickleCursor(bytes, file, byteOffset)).run();
}

class Machine {
  readonly #in: PickleCursor;
  readonly #stack: PickleStack;
  readonly #memo = new Map<number, PickleValue>();

  constructor(cursor: PickleCursor) {
    this.#in = cursor;
    this.#stack = new PickleStack((what) => this.#fault(what));
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#in.byte();
      if (opcode === 0x2e) return this.#stack.pop();
      this.#step(opcode);
    }
  }

  #step(opcode: number): void {
    const input = this.#in;
    switch (opcode) {
      case 0x80: // PROTO
        if (input.byte() > 5) throw this.#fault("a protocol later than 5");
        return;
      case 0x95: // FRAME
        input.uint64();
        return;
      case 0x28: // MARK
        this.#stack.mark();
        return;
      case 0x30: // POP
        this.#stack.drop();
        return;
      case 0x31: // POP_MARK
        this.#stack.popMark();
        return;
      case 0x32: // DUP
        this.#stack.push(this.#stack.peek());
        return;
      default:
        if (
          !this.#scalar(opcode) &&
          !this.#container(opcode) &&
          !this.#object(opcode) &&
          !this.#memoize(opcode)
        ) {
          throw this.#fault(`the unknown opcode 0x${opcode.toString(16)}`);
        }
    }
  }

  #scalar(opcode: number): boolean {
    const input = this.#in;
    const text = (): string => input.line();
    switch (opcode) {
      case 0x4e:
        return this.#stack.push(null);
      case 0x88:
        return this.#stack.push(true);
      case 0x89:
        return this.#stack.push(false);
      case 0x4b:
        return this.#stack.push(input.byte());
      case 0x4d:
        return this.#stack.push(input.uint(2));
      case 0x4a:
        return this.#stack.push(input.int32());
      case 0x49: {
        // INT; "00" and "01" are the booleans of protocol 0
        const line = text();
        return this.#stack.push(line === "00" ? false : line === "01" ? true : input.decimal(line));
      }
      case 0x4c:
        return this.#stack.push(input.decimal(text().replace(/L$/, "")));
      case 0x8a:
        return this.#stack.push(input.long(input.byte()));
      case 0x8b:
        return this.#stack.push(input.long(input.uint(4)));
      case 0x46:
        return this.#stack.push(Number(text()));
      case 0x47:
        return this.#stack.push(input.double());
      case 0x58:
        return this.#stack.push(input.text(input.uint(4)));
      case 0x8c:
        return this.#stack.push(input.text(input.byte()));
      case 0x8d:
        return this.#stack.push(input.text(input.uint64()));
      case 0x56:
        return this.#stack.push(text());
      case 0x53:
        return this.#stack.push(text().replace(/^(['"])(.*)\1$/s, "$2"));
      case 0x54:
        return this.#stack.push(input.latin(input.uint(4)));
      case 0x55:
        return this.#stack.push(input.latin(input.byte()));
      case 0x42:
        return this.#stack.push(input.bytes(input.uint(4)));
      case 0x43:
        return this.#stack.push(input.bytes(input.byte()));
      case 0x8e:
      case 0x96:
        return this.#stack.push(input.bytes(input.uint64()));
      default:
        return false;
    }
  }

  #container(opcode: number): boolean {
    switch (opcode) {
      case 0x29:
        return this.#stack.push(new PyTuple([]));
      case 0x85:
        return this.#stack.push(new PyTuple(this.#stack.popMany(1)));
      case 0x86:
        return this.#stack.push(new PyTuple(this.#stack.popMany(2)));
      case 0x87:
        return this.#stack.push(new PyTuple(this.#stack.popMany(3)));
      case 0x74:
        return this.#stack.push(new PyTuple(this.#stack.popMark()));
      case 0x5d:
      case 0x8f:
        return this.#stack.push([]);
      case 0x6c:
      case 0x91:
        return this.#stack.push(this.#stack.popMark());
      case 0x7d:
        return this.#stack.push(new Map());
      case 0x64:
        return this.#stack.push(pairs(this.#stack.popMark(), this));
      case 0x61:
        return this.#append(this.#stack.popMany(1));
      case 0x65:
      case 0x90:
        return this.#append(this.#stack.popMark());
      case 0x73:
        return this.#setItems(this.#stack.popMany(2));
      case 0x75:
        return this.#setItems(this.#stack.popMark());
      default:
        return false;
    }
  }

  #object(opcode: number): boolean {
    switch (opcode) {
      case 0x63:
        return this.#stack.push(new PyGlobal(this.#in.line(), this.#in.line()));
      case 0x93: {
        const [module, name] = this.#stack.popMany(2);
        if (typeof module !== "string" || typeof name !== "string")
          throw this.#fault("a global that is not named by strings");
        return this.#stack.push(new PyGlobal(module, name));
      }
      case 0x52: {
        const [callable = null, args] = this.#stack.popMany(2);
        return this.#stack.push(new PyReduce(callable, this.#tuple(args)));
      }
      case 0x81: {
        const [cls = null, args] = this.#stack.popMany(2);
        return this.#stack.push(new PyObject(cls, this.#tuple(args)));
      }
      case 0x92: {
        const [cls = null, args, keywords = null] = this.#stack.popMany(3);
        return this.#stack.push(new PyObject(cls, [...this.#tuple(args), keywords]));
      }
      case 0x69: {
        const cls = new PyGlobal(this.#in.line(), this.#in.line());
        return this.#stack.push(new PyObject(cls, this.#stack.popMark()));
      }
      case 0x6f: {
        const [cls = null, ...args] = this.#stack.popMark();
        return this.#stack.push(new PyObject(cls, args));
      }
      case 0x62: {
        const [state = null] = this.#stack.popMany(1);
        const target = this.#stack.peek();
        if (!(target instanceof PyObject) && !(target instanceof PyReduce))
          throw this.#fault("a state for a plain value");
        target.state = state;
        return true;
      }
      case 0x50:
        return this.#stack.push(new PyPersistent(this.#in.line()));
      case 0x51:
        return this.#stack.push(new PyPersistent(this.#stack.pop()));
      default:
        return false;
    }
  }

  #memoize(opcode: number): boolean {
    const input = this.#in;
    switch (opcode) {
      case 0x67:
        return this.#get(Number(input.line()));
      case 0x68:
        return this.#get(input.byte());
      case 0x6a:
        return this.#get(input.uint(4));
      case 0x70:
        return this.#put(Number(input.line()));
      case 0x71:
        return this.#put(input.byte());
      case 0x72:
        return this.#put(input.uint(4));
      case 0x94:
        return this.#put(this.#memo.size);
      default:
        return false;
    }
  }

  #get(key: number): true {
    const value = this.#memo.get(key);
    if (value === undefined) throw this.#fault(`a reference to the unset memo ${key}`);
    return this.#stack.push(value);
  }

  #put(key: number): true {
    this.#memo.set(key, this.#stack.peek());
    return true;
  }

  #append(values: readonly PickleValue[]): true {
    const target = this.#stack.peek();
    const list = Array.isArray(target)
      ? target
      : target instanceof PyObject || target instanceof PyReduce
        ? target.list
        : undefined;
    if (list === undefined) throw this.#fault("an append to what is not a list");
    for (const value of values) list.push(value);
    return true;
  }

  #setItems(items: readonly PickleValue[]): true {
    const target = this.#stack.peek();
    const map =
      target instanceof Map
        ? target
        : target instanceof PyObject || target instanceof PyReduce
          ? target.items
          : undefined;
    if (map === undefined) throw this.#fault("an item for what is not a dict");
    for (const [key, value] of pairs(items, this)) map.set(key, value);
    return true;
  }

  fault(what: string): VerificationError {
    return this.#fault(what);
  }

  #fault(what: string): VerificationError {
    return this.#in.fault(`the pickle holds ${what}`);
  }

  #tuple(value: PickleValue | undefined): readonly PickleValue[] {
    if (!(value instanceof PyTuple)) throw this.#fault("arguments that are not a tuple");
    return value.items;
  }
}

function pairs(
  items: readonly PickleValue[],
  machine: { fault(what: string): VerificationError },
): Map<PickleValue, PickleValue> {
  if (items.length % 2 !== 0) throw machine.fault("a key without a value");
  const map = new Map<PickleValue, PickleValue>();
  for (let i = 0; i < items.length; i += 2) map.set(items[i] ?? null, items[i + 1] ?? null);
  return map;
}
