import { EXIT_CODE } from "@moonlight-rl/core";
import {
  ERROR_CLASSES,
  isWarning,
  packageFacts,
  plain,
  type Outcome,
  type PackageFacts,
} from "./package-facts.ts";
import { childOf, childrenOf, nameOf, parse, textOf, walk, type Node } from "./syntax.ts";

/** A code in the source, and what becomes of it there. */
export interface CodeUse {
  readonly code: string;
  readonly outcome: Outcome;
  /** `file:line`. */
  readonly place: string;
}

export interface Scan {
  readonly uses: readonly CodeUse[];
  /** Places that look like a code and cannot be read as one: nothing may slip by. */
  readonly faults: readonly string[];
}

const SHAPE = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/;
/** Codes of Node and of its HTTP client, which are theirs to explain. */
const FOREIGN = /^(?:E[A-Z0-9]{3,}|UND_ERR_\w+|ERR_\w+)$/;
/** Texts of that shape which are names of something else: variables of the environment, marks in files of others. */
const OTHER_NAMES =
  /^(?:HF_|HUGGINGFACE_|HTTPS?_PROXY|NO_PROXY|NO_COLOR|FORCE_COLOR|XDG_|MOONLIGHT_|RAY_AUTH_|RAY_JOB_HEADERS|MILES_BACKEND|MILES_EXPERIMENTAL_|DEPRECATED_MEGATRON|CUDA_|NCCL_|NVTE_|PYTORCH_|TENSORBOARD_DIR|WANDB_|JOB_SUPERVISOR|LC_ALL)/;
/** Codes that are made of a name: the type that lists the names. */
const FAMILIES: Readonly<Record<string, string>> = {
  ALARM: "AlarmId",
  HANG: "WatchPhase",
  FAILURE: "FailureCategory",
};

/**
 * Every code in the sources of a package, by their syntax trees: the first argument of each error of ours, the property `code`,
 * what is handed to functions that take a code, and texts that begin with `warning CODE:`.
 *
 * @param files text by path, without tests
 */
export function scanPackage(files: ReadonlyMap<string, string>): Scan {
  const trees = new Map([...files].map(([file, text]) => [file, parse(file, text)]));
  const facts = packageFacts(trees.values());
  const uses: CodeUse[] = [];
  const faults: string[] = [];
  for (const [file, tree] of trees) {
    const lineOf = (node: Node): number =>
      (files.get(file) ?? "").slice(0, node.start).split("\n").length;
    const left = new Map<Node, string>();
    const taken = new Set<Node>();
    walk(tree, (node, ancestors) => {
      const at = `${file}:${lineOf(node)}`;
      for (const { value, outcome, must } of codePositions(node, ancestors, facts)) {
        const found = codesOf(value, facts);
        if (found === undefined) {
          if (must) faults.push(`${at}: the code of this error cannot be read from the source`);
          continue;
        }
        found.nodes.forEach((one) => taken.add(one));
        for (const code of found.codes)
          if (!FOREIGN.test(code)) uses.push({ code, outcome, place: at });
      }
      const text = textOf(node);
      const written = /^(?:warning|error) ([A-Z][A-Z0-9_]+):/.exec(text ?? "")?.[1];
      if (written !== undefined) uses.push({ code: written, outcome: "warning", place: at });
      if (text !== undefined && SHAPE.test(text) && text.includes("_") && !compares(ancestors))
        left.set(node, text);
    });
    for (const [node, text] of left)
      if (
        !taken.has(node) &&
        !FOREIGN.test(text) &&
        !OTHER_NAMES.test(text) &&
        !inTable(text, facts)
      )
        faults.push(
          `${file}:${lineOf(node)}: is ${text} a code? It is neither thrown nor told there in a way that this scan knows`,
        );
  }
  return { uses, faults };
}

interface CodePosition {
  readonly value: Node | undefined;
  readonly outcome: Outcome;
  /** An error that leaves its code unread is a fault; other objects have a property of that name as well. */
  readonly must: boolean;
}

/** Where a node has a code, if it has one. */
function codePositions(
  node: Node,
  ancestors: readonly Node[],
  { takers }: PackageFacts,
): CodePosition[] {
  const callee = childOf(node, "callee");
  const args = childrenOf(node, "arguments");
  if (node.type === "NewExpression") {
    const exit = ERROR_CLASSES[nameOf(callee) ?? ""];
    // An interruption has no other code than its own.
    if (exit === undefined || exit === EXIT_CODE.interrupted) return [];
    return [{ value: args[0], outcome: exit, must: true }];
  }
  if (node.type === "CallExpression") {
    if (callee?.type === "Super") {
      const own = ancestors.findLast(({ type }) => type === "ClassDeclaration");
      const exit = ERROR_CLASSES[nameOf(childOf(own, "id")) ?? ""];
      return exit === undefined ? [] : [{ value: args[0], outcome: exit, must: false }];
    }
    const taker = callee?.type === "Identifier" ? takers.get(nameOf(callee) ?? "") : undefined;
    if (taker === undefined) return [];
    return [{ value: args[taker.position], outcome: taker.outcome, must: false }];
  }
  if (node.type !== "Property" || nameOf(childOf(node, "key")) !== "code") return [];
  const object = ancestors.at(-1);
  const call = ancestors.findLast(({ type }) => type === "CallExpression");
  const validates = ["validate", "readJson"].includes(nameOf(childOf(call, "callee")) ?? "");
  const ofContent = childrenOf(object, "properties").some(
    (one) => nameOf(childOf(one, "key")) === "content",
  );
  const refused = ofContent ? EXIT_CODE.verification : EXIT_CODE.usage;
  const outcome = isWarning(object) ? "warning" : validates ? refused : "told";
  return [{ value: childOf(node, "value"), outcome, must: false }];
}

/** The codes that an expression can be, with the literals they stand in; undefined when that cannot be said. */
function codesOf(
  expression: Node | undefined,
  facts: PackageFacts,
): { codes: readonly string[]; nodes: readonly Node[] } | undefined {
  const node = plain(expression);
  if (node === undefined) return undefined;
  const text = textOf(node);
  if (text !== undefined) return SHAPE.test(text) ? { codes: [text], nodes: [node] } : undefined;
  const both = (a: string, b: string): ReturnType<typeof codesOf> => {
    const [one, other] = [codesOf(childOf(node, a), facts), codesOf(childOf(node, b), facts)];
    if (one === undefined || other === undefined) return one ?? other;
    return { codes: [...one.codes, ...other.codes], nodes: [...one.nodes, ...other.nodes] };
  };
  if (node.type === "ConditionalExpression") return both("consequent", "alternate");
  if (node.type === "LogicalExpression") return both("left", "right");
  if (node.type === "MemberExpression") {
    const table = facts.tables.get(nameOf(childOf(node, "object")) ?? "");
    if (table !== undefined) return { codes: table, nodes: [] };
    return nameOf(node) === "code" ? { codes: [], nodes: [] } : undefined;
  }
  if (node.type === "Identifier" && nameOf(node) === "code") return { codes: [], nodes: [] };
  if (node.type === "CallExpression") {
    const family = textOf(childrenOf(node, "arguments")[0] ?? node) ?? "";
    const names = facts.unions.get(FAMILIES[family] ?? "");
    if (names !== undefined) {
      const codes = names.map((name) => `${family}_${name.replaceAll("-", "_").toUpperCase()}`);
      return { codes, nodes: [] };
    }
  }
  return undefined;
}

/** Whether a text is only compared with, or part of a type. */
function compares(ancestors: readonly Node[]): boolean {
  const around = ancestors.at(-1)?.type ?? "";
  return ["BinaryExpression", "SwitchCase", "TSLiteralType", "MemberExpression"].includes(around);
}

function inTable(text: string, { tables }: PackageFacts): boolean {
  return [...tables.values()].some((table) => table.includes(text));
}
