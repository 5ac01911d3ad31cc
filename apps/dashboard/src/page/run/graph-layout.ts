import type { RunAnswer } from "../../api/run.ts";

export interface GraphNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly kinds: readonly string[];
  readonly path: string;
}
export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export const NODE = { width: 156, height: 70 } as const;
const GAP = { x: 44, y: 22 } as const;

/**
 * Columns by the longest way from a source, so that every edge goes right; rows in the order of the stages. An edge over several
 * columns of which another way knows the same is left out of the drawing (the artifacts list has it).
 */
export function layOutGraph({ stages, edges }: Pick<RunAnswer, "stages" | "edges">): GraphLayout {
  const ids = stages.map(({ id }) => id);
  const known = edges.filter(({ from, to }) => ids.includes(from) && ids.includes(to));
  const column = columns(ids, known);
  const rows = new Map<number, number>();
  const nodes = ids.map((id): GraphNode => {
    const at = column.get(id) ?? 0;
    const row = rows.get(at) ?? 0;
    rows.set(at, row + 1);
    return { id, x: at * (NODE.width + GAP.x), y: row * (NODE.height + GAP.y) };
  });
  const place = new Map(nodes.map((node) => [node.id, node]));
  const kinds = new Map<string, { from: string; to: string; kinds: string[] }>();
  for (const { from, to, kind } of known) {
    const key = `${from} ${to}`;
    const there = kinds.get(key);
    if (there === undefined) kinds.set(key, { from, to, kinds: [kind] });
    else there.kinds.push(kind);
  }
  const all = [...kinds.values()];
  const drawn = all.filter((edge) => !hasOtherWay(edge, all));
  return {
    width: Math.max(...nodes.map(({ x }) => x), 0) + NODE.width,
    height: Math.max(...nodes.map(({ y }) => y), 0) + NODE.height,
    nodes,
    edges: drawn.map((edge) => ({
      ...edge,
      path: curve(place.get(edge.from), place.get(edge.to)),
    })),
  };
}

type Link = { readonly from: string; readonly to: string };

function columns(ids: readonly string[], edges: readonly Link[]): Map<string, number> {
  const column = new Map<string, number>();
  for (const [i, id] of ids.entries()) {
    const before = edges.filter(({ to }) => to === id).map(({ from }) => column.get(from) ?? -1);
    // A stage that nothing leads to yet stands after those before it, where it will be once its inputs are known.
    const free = edges.every(({ from, to }) => from !== id && to !== id) && i > 0;
    const last = Math.max(-1, ...column.values());
    column.set(id, free ? last + 1 : Math.max(-1, ...before) + 1);
  }
  return column;
}

function hasOtherWay(edge: Link, edges: readonly Link[]): boolean {
  const seen = new Set<string>();
  const reach = (from: string, first: boolean): boolean =>
    edges.some((next) => {
      if (next.from !== from || (first && next.to === edge.to)) return false;
      if (next.to === edge.to) return true;
      if (seen.has(next.to)) return false;
      seen.add(next.to);
      return reach(next.to, false);
    });
  return reach(edge.from, true);
}

function curve(from: GraphNode | undefined, to: GraphNode | undefined): string {
  if (from === undefined || to === undefined) return "";
  const [x1, y1] = [from.x + NODE.width, from.y + NODE.height / 2];
  const [x2, y2] = [to.x, to.y + NODE.height / 2];
  // Along its own row as far as it can: the turn is in the gap before its end, where no stage stands.
  const turn = x2 - GAP.x;
  const middle = (turn + x2) / 2;
  return `M${x1} ${y1}H${turn}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}
