import { read } from "@probity/web/shell/api.ts";
import type { Page } from "@probity/web/shell/api-types.ts";
import { qualityApi, qualityPage, type InstrumentList, type Lot } from "./instrument-types.ts";
import { labApi, labPage } from "./path.ts";
import { stabilityApi, stabilityPage, type Schedule } from "./stability-types.ts";
import type { SampleLine, WorksheetLine } from "./types.ts";

type Found = { title: string; kind: string; path: string };
const most = 8;

/** What of the laboratory has these words in its name, for the palette. What one may not read is not found. */
export async function findInLaboratory(words: string, ws: string): Promise<Found[]> {
  const found = await Promise.all([
    of(read<Page<SampleLine>>(labApi.samples({ q: words, limit: most })), (item) => ({
      title: `${item.number} ${item.product}`,
      kind: "sample",
      path: labPage.sample(ws, item.id),
    })),
    of(read<Page<WorksheetLine>>(labApi.worksheets({ q: words, limit: most })), (item) => ({
      title: `${item.number} ${item.title}`,
      kind: "worksheet",
      path: labPage.worksheet(ws, item.id),
    })),
    of(read<{ items: Schedule[] }>(stabilityApi.schedules()), (item) => ({
      title: item.name,
      kind: item.running ? "schedule" : "schedule, paused",
      path: stabilityPage.schedule(ws, item.id),
    })).then((all) => all.filter(({ title }) => holds(title, words))),
    of(read<InstrumentList>(qualityApi.instruments({ q: words })), (item) => ({
      title: `${item.number} ${item.name}`,
      kind: "instrument",
      path: qualityPage.instrument(ws, item.id),
    })),
    of(read<{ items: Lot[] }>(qualityApi.lots({ q: words })), (item) => ({
      title: `${item.number} ${item.materialName}`,
      kind: "lot",
      path: qualityPage.lot(ws, item.id),
    })),
  ]);
  return found.flatMap((each) => each.slice(0, most));
}

/** Lines of one list; none where the list can't be read. */
async function of<Item>(list: Promise<{ items: Item[] }>, line: (item: Item) => Found): Promise<Found[]> {
  try {
    return (await list).items.map(line);
  } catch {
    return [];
  }
}

/** Every word stands somewhere in the title. */
function holds(title: string, words: string): boolean {
  const text = title.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
