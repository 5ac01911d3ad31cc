import { EXIT_CODE } from "@moonlight-rl/core";
import { childOf, childrenOf, nameOf, textOf, walk, type Node } from "./syntax.ts";

/** What becomes of a code: an error with that exit code, a warning, or something told in a result. */
export type Outcome = number | "warning" | "told";

/** The exit code of each error class of `@moonlight-rl/core`. */
export const ERROR_CLASSES: Readonly<Record<string, number>> = {
  MoonlightError: EXIT_CODE.failed,
  UsageError: EXIT_CODE.usage,
  PreflightError: EXIT_CODE.preflight,
  VerificationError: EXIT_CODE.verification,
  GateError: EXIT_CODE.gate,
  TemporaryError: EXIT_CODE.temporary,
  InterruptedError: EXIT_CODE.interrupted,
};

/** A function that takes a code. */
export interface CodeTaker {
  readonly position: number;
  readonly outcome: Outcome;
}

/** What has to be known of all files of a package before a code in one of them can be judged. */
export interface PackageFacts {
  readonly takers: ReadonlyMap<string, CodeTaker>;
  /** Constants that are objects of texts, by name. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  /** Members of type aliases that are unions of texts, by name. */
  readonly unions: ReadonlyMap<string, readonly string[]>;
}

export function packageFacts(trees: Iterable<Node>): PackageFacts {
  const takers = new Map<string, CodeTaker>();
  const tables = new Map<string, readonly string[]>();
  const unions = new Map<string, readonly string[]>();
  for (const tree of trees)
    walk(tree, (node) => {
      if (node.type === "FunctionDeclaration") addTaker(takers, nameOf(childOf(node, "id")), node);
      if (node.type === "VariableDeclarator") {
        const name = nameOf(childOf(node, "id"));
        const init = plain(childOf(node, "init"));
        if (init?.type === "ArrowFunctionExpression") addTaker(takers, name, init);
        if (init?.type === "ObjectExpression" && name !== undefined) {
          const values = childrenOf(init, "properties").map((one) => childOf(one, "value"));
          const texts = values.flatMap((value) => (value && textOf(value)) ?? []);
          if (texts.length > 0 && texts.length === values.length) tables.set(name, texts);
        }
      }
      if (node.type === "Identifier") {
        const type = childOf(childOf(node, "typeAnnotation"), "typeAnnotation");
        if (type?.type === "TSFunctionType") addTaker(takers, nameOf(node), type);
      }
      if (node.type === "TSTypeAliasDeclaration") {
        const members = childrenOf(childOf(node, "typeAnnotation"), "types");
        const texts = members.flatMap((one) => textOf(childOf(one, "literal") ?? one) ?? []);
        if (texts.length > 0) unions.set(nameOf(childOf(node, "id")) ?? "", texts);
      }
    });
  return { takers, tables, unions };
}

/** The expression behind `as const` and the like. */
export function plain(node: Node | undefined): Node | undefined {
  let at = node;
  while (at?.type === "TSAsExpression" || at?.type === "TSSatisfiesExpression")
    at = childOf(at, "expression");
  return at;
}

function addTaker(takers: Map<string, CodeTaker>, name: string | undefined, node: Node): void {
  const position = childrenOf(node, "params").findIndex((param) => nameOf(param) === "code");
  if (position === -1 || name === undefined) return;
  let outcome: Outcome = "told";
  walk(node, (inner) => {
    const passesOn = nameOf(childrenOf(inner, "arguments")[0]) === "code";
    const exit = ERROR_CLASSES[nameOf(childOf(inner, "callee")) ?? ""];
    if (inner.type === "NewExpression" && passesOn && exit !== undefined) outcome = exit;
    if (inner.type === "ObjectExpression" && isWarning(inner)) outcome = "warning";
  });
  if (!takers.has(name) || takers.get(name)?.outcome === "told")
    takers.set(name, { position, outcome });
}

/** Whether an object is an event that warns. */
export function isWarning(object: Node | undefined): boolean {
  return childrenOf(object, "properties").some(
    (one) =>
      nameOf(childOf(one, "key")) === "type" && textOf(childOf(one, "value") ?? one) === "warning",
  );
}
