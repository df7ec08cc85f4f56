import type { Family, FamilyNode } from "./inspect-types.ts";

export type Placed = FamilyNode & { x: number; y: number; width: number; height: number };
type Drawn = { from: string; to: string; words: string; path: string };

const box = { width: 196, height: 52, gap: 12, between: 64, top: 28 } as const;
const order: readonly { title: string; kinds: readonly string[] }[] = [
  { title: "Came from", kinds: ["study", "schedule", "file"] },
  { title: "Sample", kinds: ["sample"] },
  { title: "Made on, with", kinds: ["worksheet", "instrument", "lot"] },
  { title: "Results", kinds: ["result"] },
  { title: "Investigated, signed, told", kinds: ["investigation", "verification", "publication"] },
  { title: "Certificates", kinds: ["certificate"] },
];

/** Columns from origin to certificate, those without anything left out; a repeat stands under what it repeats. */
export function placeFamily(family: Family): {
  nodes: Placed[];
  edges: Drawn[];
  columns: { title: string; x: number; width: number }[];
  width: number;
  height: number;
} {
  const used = order
    .map((column) => ({
      ...column,
      nodes: inOrder(
        family.nodes.filter((node) => column.kinds.includes(node.kind)),
        family,
      ),
    }))
    .filter((column) => column.nodes.length > 0);
  const tallest = Math.max(...used.map((column) => column.nodes.length));
  const room = tallest * (box.height + box.gap) - box.gap;
  const nodes: Placed[] = [];
  const columns = used.map((column, index) => {
    const x = index * (box.width + box.between) + 2;
    const own = column.nodes.length * (box.height + box.gap) - box.gap;
    // Short columns stand beside the middle of the tall ones.
    const from = box.top + Math.min((room - own) / 2, 160);
    column.nodes.forEach((node, row) =>
      nodes.push({ ...node, x, y: from + row * (box.height + box.gap), width: box.width, height: box.height }),
    );
    return { title: column.title, x, width: box.width };
  });
  const at = new Map(nodes.map((node) => [node.id, node]));
  const edges = family.edges.flatMap((edge): Drawn[] => {
    const [from, to] = [at.get(edge.from), at.get(edge.to)];
    return from === undefined || to === undefined ? [] : [{ ...edge, path: curve(from, to) }];
  });
  const width = used.length * (box.width + box.between) - box.between + 4;
  return { nodes, edges, columns, width, height: box.top + room + 8 };
}

function inOrder(nodes: FamilyNode[], { edges }: Family): FamilyNode[] {
  const repeats = new Map(edges.filter((edge) => edge.words === "retested as").map((edge) => [edge.from, edge.to]));
  const later = new Set(repeats.values());
  return nodes
    .filter((node) => !later.has(node.id))
    .flatMap((node) => {
      const chain = [node];
      for (let next = repeats.get(node.id); next !== undefined; next = repeats.get(next)) {
        const found = nodes.find((each) => each.id === next);
        if (found === undefined || chain.includes(found)) break;
        chain.push(found);
      }
      return chain;
    });
}

function curve(from: Placed, to: Placed): string {
  const middle = (node: Placed) => node.y + node.height / 2;
  if (from.x === to.x) {
    const x = from.x + 14;
    return from.y < to.y ? `M${x} ${from.y + from.height}V${to.y}` : `M${x} ${from.y}V${to.y + to.height}`;
  }
  const [left, right] = from.x < to.x ? [from, to] : [to, from];
  const [x1, x2] = [left.x + left.width, right.x];
  // Enters horizontally close to the right box, so that lines over a column stay beneath its boxes.
  const bend = Math.min(44, (x2 - x1) / 2);
  return `M${x1} ${middle(left)}C${x1 + bend} ${middle(left)} ${x2 - bend} ${middle(right)} ${x2} ${middle(right)}`;
}
