import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stop } from "./stop.ts";

export interface Seen {
  stop: Stop;
  way: string;
  faults: string[];
}

const words = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** One page of all pictures, a row a stop, with what a machine objected to beneath: what a person leafs through. */
export async function writeSheet(into: string, seen: readonly Seen[]): Promise<void> {
  const rows = Map.groupBy(seen, ({ stop }) => stop);
  const parts = [...rows].map(([stop, pictures]) => {
    const shown = pictures.map(
      ({ way, faults }) =>
        `<figure><a href="${stop.name}-${way}.png"><img loading="lazy" src="${stop.name}-${way}.png" alt="${stop.name}, ${way}"></a>` +
        `<figcaption>${way}${faults.map((each) => `<br>▲ ${words(each)}`).join("")}</figcaption></figure>`,
    );
    return `<h2>${stop.name}</h2><p>${words(stop.path)}</p><div>${shown.join("")}</div>`;
  });
  const style =
    "body{font:14px sans-serif;margin:24px}div{display:flex;gap:16px;flex-wrap:wrap;align-items:start}figure{margin:0;max-width:420px}img{max-width:100%;max-height:420px;border:1px solid #999}figcaption{font-size:12px;overflow-wrap:anywhere}";
  const page = `<!doctype html><meta charset="utf-8"><title>Pages</title><style>${style}</style><h1>Pages</h1>${parts.join("")}`;
  await writeFile(join(into, "index.html"), page);
}
