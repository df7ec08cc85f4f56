import { join } from "node:path";
import { defineApp, type App, type Kernel } from "@probity/kernel";
import type { Sealer } from "@probity/seal";
import { attachmentRoutes } from "./actions/attachment-route.ts";
import { blindRoutes } from "./actions/blind-route.ts";
import { benchRoute, homeItems } from "./actions/bench-route.ts";
import { certificateRoutes } from "./actions/certificate-route.ts";
import "./actions/certificate-sign.ts";
import { chartRoutes } from "./actions/chart-route.ts";
import { gateRoutes } from "./actions/gate-route.ts";
import { correctionRoute } from "./actions/correct.ts";
import { custodyRoutes } from "./actions/custody.ts";
import { customerRoutes } from "./actions/customer-route.ts";
import { dutyItems } from "./actions/duty-home.ts";
import { deliveryRoutes } from "./actions/delivery-route.ts";
import { keyedRoutes } from "./actions/idempotency.ts";
import { importRoutes } from "./actions/import-route.ts";
import { instrumentRoutes } from "./actions/instrument-route.ts";
import { investigationRoutes } from "./actions/investigation-route.ts";
import { labelRoute } from "./actions/label-route.ts";
import { lotRoutes } from "./actions/lot-route.ts";
import { mayRoute } from "./actions/may-route.ts";
import { numberingRoutes } from "./actions/numbering-route.ts";
import { portalRoutes } from "./actions/portal-route.ts";
import { resultListRoute } from "./actions/result-list.ts";
import { inspectRoutes } from "./actions/inspect-route.ts";
import { overviewRoute } from "./actions/overview-route.ts";
import { resultRoutes } from "./actions/result-route.ts";
import { runQualityRoutes } from "./actions/run-quality-route.ts";
import { sampleListRoute } from "./actions/sample-list.ts";
import { sampleRoutes } from "./actions/sample-route.ts";
import { scheduleRoutes } from "./actions/schedule-route.ts";
import { runSchedules } from "./actions/schedule-run.ts";
import { trailRoutes } from "./actions/trail-route.ts";
import "./actions/trail-signing.ts";
import { verificationRoutes } from "./actions/verification-route.ts";
import { selectionRoutes } from "./actions/verify-selection.ts";
import "./actions/verify-signing.ts";
import { settingRoutes } from "./actions/setting-route.ts";
import { setupRoutes } from "./actions/setup-route.ts";
import { trainingRoutes } from "./actions/training-route.ts";
import { templateRoutes } from "./actions/template-route.ts";
import { trendRoutes } from "./actions/trend-route.ts";
import { stabilityHome } from "./actions/stability-home.ts";
import { stabilityRoutes } from "./actions/stability-route.ts";
import { uncertaintyRoutes } from "./actions/uncertainty-route.ts";
import { versionRoutes } from "./actions/version-route.ts";
import { worksheetRoutes } from "./actions/worksheet-route.ts";
import { worksheetRowRoute } from "./actions/worksheet-row.ts";
import { enqueueSample, loadSample } from "./jobs/load-sample.ts";
import { importJobs } from "./jobs/import-file.ts";
import { noticeJobs } from "./jobs/send-notice.ts";
import { grants, guest, roles, system } from "./permission.ts";
import { attachment } from "./records/attachment.ts";
import { blind } from "./records/blind.ts";
import { importSource } from "./records/import-source.ts";
import {
  certificate,
  certificateFile,
  certificateTemplate,
  contact,
  customer,
  delivery,
} from "./records/certificate.ts";
import { gateOverride, setting } from "./records/gate.ts";
import { chartLimit, controlChart, controlEvaluation, controlNote, controlPoint, ruleSet } from "./records/chart.ts";
import { duplicateEvaluation } from "./records/duplicate.ts";
import { uncertaintyBudget } from "./records/uncertainty.ts";
import { instrument, instrumentEvent, setup, setupItem } from "./records/instrument.ts";
import { consumption, lot, lotEvent, material } from "./records/material.ts";
import { training } from "./records/training.ts";
import { investigation } from "./records/investigation.ts";
import { notice } from "./records/notice.ts";
import {
  masterApproval,
  method,
  methodVersion,
  numbering,
  product,
  samplingPoint,
  specification,
  specificationVersion,
} from "./records/master.ts";
import { schedule, scheduleSlot, scheduleVersion } from "./records/schedule.ts";
import { study, studyBatch, studyEvaluation, studyProtocol, studyPull, studyStorage } from "./records/stability.ts";
import { trailMark, trailReview } from "./records/trail.ts";
import { verification } from "./records/verification.ts";
import { correction, custody, importFile, publication, result, sample, unlock, worksheet } from "./records/sample.ts";

/** What the instance hands its laboratory. Without a seal no certificate leaves. */
export type LabOptions = { readonly sealer?: Sealer | undefined; readonly origin?: string | undefined };

/** The quality control laboratory: samples, methods, results and what becomes of them (LAB). */
export function lab(options: LabOptions = {}): App {
  return defineApp({
    name: "lab",
    title: "Laboratory",
    migrations: { scope: "lab", folder: join(import.meta.dirname, "sql") },
    grants,
    roles,
    guest,
    system,
    records: [
      numbering,
      product,
      samplingPoint,
      method,
      methodVersion,
      specification,
      specificationVersion,
      masterApproval,
      importFile,
      importSource,
      attachment,
      blind,
      sample,
      custody,
      worksheet,
      result,
      unlock,
      correction,
      verification,
      trailReview,
      trailMark,
      publication,
      investigation,
      notice,
      customer,
      contact,
      certificateTemplate,
      certificate,
      certificateFile,
      delivery,
      ruleSet,
      controlChart,
      chartLimit,
      controlPoint,
      controlEvaluation,
      controlNote,
      duplicateEvaluation,
      uncertaintyBudget,
      setting,
      gateOverride,
      instrument,
      instrumentEvent,
      material,
      lot,
      lotEvent,
      consumption,
      setup,
      setupItem,
      training,
      schedule,
      scheduleVersion,
      scheduleSlot,
      study,
      studyProtocol,
      studyBatch,
      studyStorage,
      studyPull,
      studyEvaluation,
    ],
    routes: (given: Kernel) =>
      keyedRoutes(given, (kernel) => [
        ...scheduleRoutes(kernel),
        ...stabilityRoutes(kernel),
        ...numberingRoutes(kernel),
        ...versionRoutes(kernel),
        sampleListRoute(kernel),
        labelRoute(kernel),
        ...sampleRoutes(kernel),
        correctionRoute(kernel),
        ...custodyRoutes(kernel),
        ...worksheetRoutes(kernel),
        worksheetRowRoute(kernel),
        ...runQualityRoutes(kernel),
        ...verificationRoutes(kernel),
        ...selectionRoutes(kernel),
        ...trailRoutes(kernel),
        ...inspectRoutes(kernel),
        overviewRoute(kernel),
        resultListRoute(kernel),
        ...resultRoutes(kernel),
        ...importRoutes(kernel),
        ...attachmentRoutes(kernel),
        ...blindRoutes(kernel),
        ...investigationRoutes(kernel),
        benchRoute(kernel),
        mayRoute(kernel),
        ...certificateRoutes(kernel, options.sealer),
        ...templateRoutes(kernel),
        ...deliveryRoutes(kernel, options.origin ?? "http://localhost"),
        ...customerRoutes(kernel, options.origin ?? "http://localhost"),
        ...portalRoutes(kernel),
        ...gateRoutes(kernel),
        ...settingRoutes(kernel),
        ...instrumentRoutes(kernel),
        ...lotRoutes(kernel),
        ...setupRoutes(kernel),
        ...trainingRoutes(kernel),
        ...chartRoutes(kernel),
        ...trendRoutes(kernel),
        ...uncertaintyRoutes(kernel),
      ]),
    jobs: (kernel: Kernel) => ({
      "lab.load_sample": (job) => loadSample(kernel, job, options.sealer),
      ...importJobs(kernel),
      ...noticeJobs(kernel, options.origin ?? "http://localhost"),
    }),
    rounds: (kernel: Kernel) => {
      const settled = new Map<string, string>();
      return [{ name: "lab.schedules", everyMs: 60_000, run: () => runSchedules(kernel, settled) }];
    },
    furnish: enqueueSample,
    home: async (tx, slug) => [
      ...(await homeItems(tx, slug)),
      ...(await stabilityHome(tx, slug)),
      ...(await dutyItems(tx, slug)),
    ],
  });
}
