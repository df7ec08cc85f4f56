import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Job, Kernel, Tx } from "@probity/kernel";
import type { Sealer } from "@probity/seal";
import { insertAll, type NewRow } from "../bulk.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { loadFiles } from "./attachment.ts";
import { dayMs, dayOf, workdayBefore } from "./calendar.ts";
import { loadCharts } from "./chart.ts";
import { certificatePermissions, layCertificates, layDrafts, sealIssued } from "./certificate.ts";
import { loadCustomers } from "./customer.ts";
import { historyDays, loadHistory } from "./history.ts";
import { loadInspector } from "./inspector.ts";
import { loadInstruments } from "./instrument.ts";
import { methods, points, products } from "./laboratory.ts";
import { loadMatters } from "./matter.ts";
import { loadStability, stabilityPermissions, stabilityProduct } from "./stability.ts";
import { layToday, todayPermissions } from "./today.ts";
import { loadUncertainty } from "./uncertainty.ts";

export const sampleSteps = 3;
export const samplePermissions = [
  ...certificatePermissions,
  "lab.master.change",
  "lab.history.load",
  ...todayPermissions,
  ...stabilityPermissions,
];
const chartDays = 112;

/**
 * Lays the sample laboratory in, in steps that are each there or not: what is tested and how, a year of history, what is
 * under way, and today by the same acts as anybody's.
 */
export async function loadLaboratory(kernel: Kernel, job: Job, sealer: Sealer | undefined): Promise<void> {
  const work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => kernel.door.work(job.credential, permission, run);
  await job.report("methods and limits", 0, sampleSteps);
  await work("lab.history.load", layMaster);
  await job.report("history", 1, sampleSteps);
  await work("lab.history.load", async (tx) => {
    await loadInstruments(tx);
    await loadCustomers(tx);
    await loadUncertainty(tx, historyDays);
    if (!(await loadHistory(tx))) return;
    await loadMatters(tx);
    await layCertificates(tx);
  });
  await work("lab.history.load", (tx) => loadCharts(tx, chartDays));
  await loadFiles(kernel, work);
  await job.report("today", 2, sampleSteps);
  await work("lab.certificate.prepare", layDrafts);
  await layToday(work);
  await loadStability(work);
  await loadInspector(work);
  await sealIssued(kernel, job, work, sealer);
  await job.report("today", 3, sampleSteps);
}

async function layMaster(tx: Tx): Promise<void> {
  const there = await tx.all(query.selectFrom("lab.product").select("code").limit(500));
  // Taken up again after a kill it finds its own; anybody else's is not mixed with what is invented.
  if (there.some(({ code }) => products.every((each) => each.code !== code) && code !== stabilityProduct)) throw problem.sample_refused();
  if (there.length > 0) return;
  const insert = (table: Parameters<typeof insertAll>[1], rows: NewRow["row"][]) =>
    insertAll(tx, table, `${table}.create`, rows.map((row) => ({ row, fields: { ...row } })));
  const methodIds = new Map(methods.map(({ code }) => [code, uuidv7()]));
  const methodId = (code: string) => methodIds.get(code) ?? "";
  const reason = "Sample data";
  // In force since before the first sample: what is older than it was judged by it.
  const effective_on = dayOf(workdayBefore(Date.now() - historyDays * dayMs, 15, 9));
  await insert("lab.method", methods.map(({ code, title }) => ({ id: methodId(code), code, title })));
  await insert(
    "lab.method_version",
    methods.map(({ code, definition }) => ({ id: uuidv7(), method_id: methodId(code), number: 1, definition, reason, effective_on })),
  );
  await insert("lab.sampling_point", points.map(({ code, name, location }) => ({ id: uuidv7(), code, name, location })));
  const made = products.map((product) => ({ ...product, id: uuidv7(), specificationId: uuidv7() }));
  await insert("lab.product", made.map(({ id, code, name, kind, description }) => ({ id, code, name, kind, description })));
  await insert("lab.specification", made.map(({ id, specificationId, specification }) => ({ id: specificationId, product_id: id, ...specification })));
  await insert(
    "lab.specification_version",
    made.map(({ specificationId, limits }) => {
      const kept = limits.map(({ method, usual: _, ...limit }) => ({ ...limit, methodId: methodId(method) }));
      return { id: uuidv7(), specification_id: specificationId, number: 1, limits: kept, reason, effective_on };
    }),
  );
}
