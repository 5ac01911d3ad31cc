import { parseSync } from "oxc-parser";

/** A node of a syntax tree, as ESTree and its TypeScript extension have them. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** The tree of a TypeScript file. Throws when it does not parse: nothing may go unread. */
export function parse(file: string, text: string): Node {
  const { program, errors } = parseSync(file, text);
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`);
  return program as unknown as Node;
}

/** Calls `visit` for each node with its ancestors, outermost first. */
export function walk(
  node: Node,
  visit: (node: Node, ancestors: readonly Node[]) => void,
  ancestors: readonly Node[] = [],
): void {
  visit(node, ancestors);
  const inner = [...ancestors, node];
  for (const value of Object.values(node))
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) walk(child, visit, inner);
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** A field that holds one node. */
export function childOf(node: Node | undefined, field: string): Node | undefined {
  const child = node?.[field];
  return isNode(child) ? child : undefined;
}

/** A field that holds several nodes. */
export function childrenOf(node: Node | undefined, field: string): readonly Node[] {
  const children = node?.[field];
  return Array.isArray(children) ? children.filter(isNode) : [];
}

/** The name of an identifier, or of a member or key by its last part. */
export function nameOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (node.type === "MemberExpression") return nameOf(childOf(node, "property"));
  const name = node["name"] ?? node["value"];
  return typeof name === "string" ? name : undefined;
}

/** The text of a string literal, also of a template without parts. */
export function textOf(node: Node): string | undefined {
  if (node.type === "Literal" && typeof node["value"] === "string") return node["value"];
  if (node.type !== "TemplateElement") return undefined;
  const raw = (node["value"] as { readonly raw?: string } | null)?.raw;
  return raw === "" ? undefined : raw;
}
