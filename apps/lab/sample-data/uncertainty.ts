import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { currentMethods } from "../actions/frozen.ts";
import { dayMs, iso, workdayBefore } from "./calendar.ts";
import { analysts, head } from "./people.ts";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import type { Component } from "../statistic/budget.ts";

const source = (name: string, value: number, more: Partial<Component> = {}): Component => ({
  name,
  type: "B",
  distribution: "rectangular",
  value,
  relative: false,
  divisor: 1,
  sensitivity: 1,
  degrees: null,
  ...more,
});
const series = (name: string, value: number, degrees: number, relative = false): Component =>
  source(name, value, { type: "A", distribution: "normal", degrees, relative });

const budgets: readonly { method: string; analyte: string; waits: boolean; components: readonly Component[] }[] = [
  {
    method: "CHE-01",
    analyte: "conductivity",
    waits: false,
    components: [
      series("Repeatability, 20 readings", 0.6, 19, true),
      source("Cell constant, certificate (k = 2)", 1, { distribution: "normal", divisor: 2, relative: true }),
      source("Temperature compensation, ± 0.2 °C", 0.4, { relative: true }),
      source("Resolution of the bridge", 0.005),
    ],
  },
  {
    method: "CHE-03",
    analyte: "ph",
    waits: false,
    components: [
      series("Repeatability, 12 readings", 0.011, 11),
      source("Buffers, certificate (k = 2)", 0.02, { distribution: "normal", divisor: 2 }),
      source("Slope of the electrode", 0.015, { distribution: "triangular" }),
      source("Temperature cycle of the bath", 0.008, { distribution: "u-shaped" }),
    ],
  },
  {
    method: "CHE-10",
    analyte: "assay",
    waits: false,
    components: [
      series("Intermediate precision, validation", 0.52, 17, true),
      source("Reference standard, certificate (k = 2)", 0.3, { distribution: "normal", divisor: 2, relative: true }),
      source("Volumetric flasks", 0.12, { distribution: "triangular", relative: true }),
      source("Weighing", 0.05, { relative: true }),
    ],
  },
  {
    method: "CHE-02",
    analyte: "toc",
    waits: true,
    components: [series("Repeatability, 10 injections", 1.8, 9, true), source("Sucrose standard", 1.5, { relative: true })],
  },
];

/** Budgets that were approved before the history began, and one that waits for its approval. */
export async function loadUncertainty(tx: Tx, historyDays: number): Promise<void> {
  if (await tx.first(query.selectFrom("lab.uncertainty_budget").select("id").limit(1))) return;
  const methods = [...(await currentMethods(tx)).values()];
  const began = Date.now() - historyDays * dayMs;
  const rows = budgets.flatMap(({ method, analyte, waits, components }) => {
    const version = methods.find(({ code }) => code === method);
    if (version === undefined) return [];
    const decided = waits
      ? { state: "proposed", decided_name: null, decided_at: null, decided_reason: null }
      : { state: "approved", decided_name: head, decided_at: iso(workdayBefore(began, 5, 9.5)), decided_reason: "Validation report looked through" };
    const row = {
      id: uuidv7(),
      method_version_id: version.id,
      analyte,
      number: 1,
      components,
      coverage: 2,
      reason: waits ? "From the runs of this summer" : "Validation of the method",
      proposed_name: analysts[1],
      stated_at: iso(waits ? workdayBefore(Date.now(), 3, 11.4) : workdayBefore(began, 9, 13.1)),
      ...decided,
    };
    return [{ row, fields: { analyte, number: 1 } }];
  });
  await insertAll(tx, "lab.uncertainty_budget", "lab.uncertainty_budget.propose", rows);
}
