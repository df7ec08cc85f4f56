import { createHash } from "node:crypto";
import { sql, type RawBuilder } from "kysely";
import type { Kernel, StoredBytes, Tx } from "@probity/kernel";
import { attach, type NewFile } from "../actions/attachment-route.ts";
import type { Place } from "../actions/attachment-read.ts";
import { updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { drawPng, type Colour } from "./picture.ts";

type Work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => Promise<T>;
type Laid = Omit<NewFile, "sha256" | "broughtIn"> & { readonly place: Place; readonly ofId: string; readonly struck?: string };
type Found = { id: string; interim: Record<string, string>; sample: string; investigation: string | null };

/** What instruments wrote and what was photographed, beside the results it belongs to: every number in it is the result's own. */
export async function loadFiles(kernel: Pick<Kernel, "files">, work: Work): Promise<void> {
  const given = await work("lab.history.load", async (tx) => {
    if (await tx.first(query.selectFrom("lab.attachment").select("id").limit(1))) return undefined;
    return { files: await filesOf(tx), tenantId: tx.who.tenantId, keys: await kernel.files.keysOf(tx) };
  });
  if (given === undefined) return;
  const stored: StoredBytes[] = [];
  // oxlint-disable-next-line no-await-in-loop -- a handful, and the store writes each whole
  for (const file of given.files) stored.push(await kernel.files.store(given.tenantId, given.keys, file.bytes, file.kind));
  await work("lab.history.load", async (tx) => {
    for (const [index, { place, ofId, struck, ...file }] of given.files.entries()) {
      const bytes = stored[index];
      if (bytes === undefined) continue;
      const sha256 = createHash("sha256").update(file.bytes).digest("hex");
      // oxlint-disable-next-line no-await-in-loop -- one connection
      const { id } = await attach(kernel, tx, { place, id: ofId }, { ...file, sha256, broughtIn: true }, bytes);
      if (struck === undefined) continue;
      const fields = { of: ofId, reason: struck };
      // oxlint-disable-next-line no-await-in-loop -- one connection
      await updateAll(tx, "lab.attachment", "lab.attachment.strike", [{ row: { id, version: 1, struck_reason: struck }, fields }]);
    }
  });
}

async function filesOf(tx: Tx): Promise<Laid[]> {
  const [plate] = await determined(tx, "tamc", sql<boolean>`i.id is not null`);
  const [assay] = await determined(tx, "assay", sql<boolean>`exists (select from lab.unlock u where u.sample_id = s.id)`);
  const [drying] = await determined(tx, "lod", sql<boolean>`r.state in ('verified', 'entered')`);
  const balance = await tx.first(
    query
      .selectFrom("lab.instrument_event as e")
      .innerJoin("lab.instrument as n", "n.id", "e.instrument_id")
      .select("e.id")
      .where("n.number", "=", "BAL-01")
      .where("e.act", "=", "calibration")
      .orderBy("e.sequence", "desc"),
  );
  const text = (lines: readonly string[]) => Buffer.from(`${lines.join("\r\n")}\r\n`, "utf8");
  const files: Laid[] = [];
  if (plate !== undefined) {
    const colonies = Math.min(300, Number(plate.interim["colonies"] ?? 0));
    const on = { place: "results", ofId: plate.id, kind: "png" } as const;
    const name = `plate-${plate.sample}.png`;
    files.push(
      { ...on, name: "plate-0417.png", bytes: drawPlate(3, 9), note: null, struck: "Plate of another point; the right one is beside it." },
      { ...on, name, bytes: drawPlate(colonies, 4), note: `${colonies} colonies after 5 days at 30–35 °C` },
    );
    if (plate.investigation !== null)
      files.push({
        place: "investigations",
        ofId: plate.investigation,
        kind: "csv",
        name: "incubator-INC-01.csv",
        bytes: text(["Hour;Temperature °C", ...Array.from({ length: 121 }, (_, hour) => `${hour};${(32.5 + Math.sin(hour / 7) * 0.4).toFixed(1)}`)]),
        note: "Temperature over the incubation, from the logger",
      });
  }
  if (assay !== undefined) {
    const { area = "", standard = "" } = assay.interim;
    files.push({
      place: "results",
      ofId: assay.id,
      kind: "csv",
      name: `sequence-${assay.sample}.csv`,
      bytes: text(["Injection;Name;Retention min;Area", "1;Blank;;", `2;Standard;4.82;${standard}`, `3;${assay.sample};4.83;${area}`]),
      note: "Peak table of the sequence",
    });
  }
  if (drying !== undefined) {
    const { tare = "", wet = "", dry = "" } = drying.interim;
    const line = (what: string, value: string) => `${what.padEnd(14)}${value.padStart(10)} g`;
    files.push({
      place: "results",
      ofId: drying.id,
      kind: "txt",
      name: `balance-${drying.sample}.txt`,
      bytes: text(["BAL-01  Analytical balance", `ID ${drying.sample}`, line("Tare", tare), line("Before", wet), line("After drying", dry)]),
      note: "Print-out of BAL-01",
    });
  }
  if (balance !== undefined)
    files.push({
      place: "instrument-events",
      ofId: balance.id,
      kind: "csv",
      name: "BAL-01-weights.csv",
      bytes: text(["Nominal g;Read g;Off by mg;Allowed mg", "0.0200;0.0200;0.0;0.1", "20.0000;20.0001;0.1;0.2", "200.0000;200.0002;0.2;0.5"]),
      note: "Readings of the calibration, class E2 weights",
    });
  return files;
}

/** Determinations of an analyte with the numbers they were calculated from, newest first. */
async function determined(tx: Tx, analyte: string, where: RawBuilder<boolean>): Promise<Found[]> {
  const asked = sql<Found>`select r.id, r.interim, s.number as sample, i.id as investigation
    from lab.result r join lab.sample s on s.tenant_id = r.tenant_id and s.id = r.sample_id
    left join lab.investigation i on i.tenant_id = r.tenant_id and i.result_id = r.id
    where r.analyte = ${analyte} and r.interim is not null and r.kind = 'sample' and ${where} order by r.id desc limit 1`;
  return tx.all({ compile: () => asked.compile(query) });
}

/** A dish of agar with as many colonies as were counted, seen from above. */
function drawPlate(colonies: number, turn: number): Buffer {
  const size = 320;
  const middle = size / 2;
  // Places by the golden angle: spread over the dish, never two alike.
  const spots = Array.from({ length: colonies }, (_, index) => {
    const angle = (index + turn) * 2.399963;
    const far = 18 + 112 * Math.sqrt((index + 0.5) / Math.max(1, colonies));
    return { x: middle + Math.cos(angle) * far, y: middle + Math.sin(angle) * far, radius: 3 + ((index * 7 + turn) % 5) };
  });
  const bench: Colour = [58, 62, 66];
  return drawPng(size, size, (x, y) => {
    const far = Math.hypot(x - middle, y - middle);
    if (far > 152) return bench;
    if (far > 144) return [206, 210, 208];
    const spot = spots.find((each) => Math.hypot(x - each.x, y - each.y) < each.radius);
    if (spot !== undefined) return Math.hypot(x - spot.x, y - spot.y) < spot.radius - 2 ? [246, 240, 214] : [222, 206, 150];
    const shade = Math.round(far / 16);
    return [214 - shade, 192 - shade, 128 - shade];
  });
}
