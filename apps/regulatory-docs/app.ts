import { join } from "node:path";
import { defineApp, type App, type Kernel } from "@probity/kernel";
import type { Sealer } from "@probity/seal";
import { homeItems } from "./actions/home-item.ts";
import { checkExample } from "./actions/check-example.ts";
import { documentRoutes } from "./actions/document-route.ts";
import { findingRoutes } from "./actions/finding-route.ts";
import { freeCheck, type FreeCheckOptions } from "./actions/free-check.ts";
import { runRoutes } from "./actions/run-route.ts";
import "./actions/sign-run.ts";
import { uploadDocument } from "./actions/upload-document.ts";
import { analyseCollection } from "./jobs/analyse-collection.ts";
import { enqueueSample, loadSample } from "./jobs/load-sample.ts";
import { readRevision } from "./jobs/read-revision.ts";
import { grants, roles } from "./permission.ts";
import { collection } from "./records/collection.ts";
import { document, finding, revision, run } from "./records/document.ts";

/** Compliance documents: upload a quality system, read its gaps with verbatim evidence (CMP). */
export function regulatoryDocs(options: { freeCheck: FreeCheckOptions; sealer?: Sealer | undefined }): App {
  return defineApp({
    name: "regulatory-docs",
    title: "Compliance documents",
    migrations: { scope: "regulatory_docs", folder: join(import.meta.dirname, "sql") },
    grants,
    roles,
    records: [collection, document, revision, run, finding],
    routes: (kernel: Kernel) => [
      uploadDocument(kernel),
      ...documentRoutes(kernel),
      ...runRoutes(kernel, options.sealer),
      ...findingRoutes(kernel),
      freeCheck(kernel, options.freeCheck),
      ...(options.freeCheck.on ? [checkExample(kernel)] : []),
    ],
    jobs: (kernel: Kernel) => ({
      "regulatory_docs.read_revision": (job) => readRevision(kernel, job),
      "regulatory_docs.load_sample": (job) => loadSample(kernel, job),
      "regulatory_docs.analyse_collection": (job) => analyseCollection(kernel, job),
    }),
    furnish: enqueueSample,
    home: homeItems,
  });
}
