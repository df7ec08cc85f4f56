import type { Look } from "./import-look.ts";

export type Kind = "sample" | "blank" | "control" | "duplicate";
/** A row as it is said in the file: of what it is. */
export type Said = { readonly kind: Kind | "unsaid"; readonly name: string; readonly worksheet: string };

export const kinds: Readonly<Record<string, Kind | "standard">> = {
  sample: "sample",
  unknown: "sample",
  smp: "sample",
  blank: "blank",
  blk: "blank",
  control: "control",
  ctl: "control",
  qc: "control",
  duplicate: "duplicate",
  dup: "duplicate",
  standard: "standard",
  std: "standard",
  calibration: "standard",
  cal: "standard",
  rinse: "standard",
  wash: "standard",
};

/** What a row says it is of; "standard" is skipped, null is wrong and told. */
export function saidOf(look: Look, row: number): Said | "standard" | null {
  const [name, worksheet, written] = [look.cell(row, "sample"), look.cell(row, "worksheet"), look.cell(row, "kind")];
  const kind = written === "" ? undefined : kinds[written.toLowerCase()];
  if (written !== "" && kind === undefined) {
    look.wrong(row, "Kind of row", `It is sample, blank, control, duplicate or standard; ${written} is none of these.`);
    return null;
  }
  if (kind === "standard") return "standard";
  const twice = /^(?:dup(?:licate)?[\s_-]+(.+)|(.+?)[\s_-]+dup(?:licate)?)$/i.exec(name);
  const of = twice?.[1] ?? twice?.[2];
  if (of !== undefined && (kind === undefined || kind === "duplicate"))
    return { kind: "duplicate", name: of.trim(), worksheet };
  if (kind === undefined && /^(blk|blank)$/i.test(name)) return { kind: "blank", name, worksheet };
  return { kind: kind ?? "unsaid", name, worksheet };
}
