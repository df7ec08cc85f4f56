import type { AppScreens } from "@probity/web/shell/app-screens.ts";
import { lazyRouteComponent } from "@tanstack/react-router";
import { certificatePage, certificateRoute, certificateWords } from "./certificate-types.ts";
import { chartPage, chartRoute } from "./chart-types.ts";
import { labConfirms } from "./confirm-words.ts";
import { recordPage } from "./record-page.ts";
import { qualityPage, qualityRoute } from "./instrument-types.ts";
import { qualityWords } from "./instrument-words.ts";
import { inspectPage, inspectRoute } from "./inspect-path.ts";
import { investigationPage, investigationRoute } from "./investigation-types.ts";
import { findInLaboratory } from "./find.ts";
import { labPage, labRoute } from "./path.ts";
import { stabilityPage, stabilityRoute } from "./stability-types.ts";
import { trendPage, trendRoute } from "./trend-types.ts";
import { uncertaintyPage, uncertaintyRoute } from "./uncertainty-types.ts";
import { labWords } from "./words.ts";

/** The screens of the laboratory. */
export const laboratory: AppScreens = {
  id: "lab",
  title: "Laboratory",
  lists: [
    { title: "Overview", path: inspectPage.overview, icon: "overview" },
    { title: "Bench", path: labPage.bench, icon: "bench" },
    { title: "Samples", path: (ws) => labPage.samples(ws), icon: "tube" },
    { title: "Worksheets", path: labPage.worksheets, icon: "grid" },
    { title: "Results", path: inspectPage.results, icon: "audit" },
    { title: "Investigations", path: investigationPage.list, icon: "question" },
    { title: "Certificates", path: certificatePage.list, icon: "certificate" },
    { title: "Control charts", path: chartPage.list, group: "Quality", icon: "control" },
    { title: "Trends", path: trendPage, group: "Quality", icon: "trend" },
    { title: "Instruments", path: qualityPage.instruments, group: "Quality", icon: "gauge" },
    { title: "Materials", path: qualityPage.materials, group: "Quality", icon: "box" },
    { title: "Training", path: qualityPage.training, group: "Quality", icon: "book" },
    { title: "Stability", path: stabilityPage.list, icon: "clock" },
    { title: "Audit-trail review", path: inspectPage.reviews, group: "Quality", icon: "eye" },
    { title: "Uncertainty", path: uncertaintyPage, group: "Set-up", icon: "gauge" },
    { title: "Methods & limits", path: labPage.methods, group: "Set-up", icon: "sliders" },
    { title: "Schedules", path: stabilityPage.schedules, group: "Set-up", icon: "calendar" },
    { title: "Customers", path: certificatePage.customers, group: "Set-up", icon: "people" },
  ],
  screens: [
    { path: labRoute.bench, screen: lazyRouteComponent(() => import("./bench.tsx"), "BenchPage") },
    { path: labRoute.samples, screen: lazyRouteComponent(() => import("./samples.tsx"), "Samples") },
    { path: labRoute.sample, screen: lazyRouteComponent(() => import("./sample.tsx"), "SamplePage") },
    { path: labRoute.worksheets, screen: lazyRouteComponent(() => import("./worksheets.tsx"), "Worksheets") },
    { path: labRoute.worksheet, screen: lazyRouteComponent(() => import("./worksheet.tsx"), "WorksheetPage") },
    {
      path: investigationRoute.list,
      screen: lazyRouteComponent(() => import("./investigations.tsx"), "Investigations"),
    },
    {
      path: investigationRoute.one,
      screen: lazyRouteComponent(() => import("./investigation.tsx"), "InvestigationPage"),
    },
    { path: uncertaintyRoute, screen: lazyRouteComponent(() => import("./uncertainty.tsx"), "Uncertainty") },
    { path: trendRoute, screen: lazyRouteComponent(() => import("./trends.tsx"), "Trends") },
    { path: chartRoute.list, screen: lazyRouteComponent(() => import("./control-charts.tsx"), "ControlCharts") },
    { path: chartRoute.one, screen: lazyRouteComponent(() => import("./control-chart.tsx"), "ControlChartPage") },
    { path: qualityRoute.instruments, screen: lazyRouteComponent(() => import("./instruments.tsx"), "Instruments") },
    { path: qualityRoute.instrument, screen: lazyRouteComponent(() => import("./instrument.tsx"), "InstrumentPage") },
    { path: qualityRoute.materials, screen: lazyRouteComponent(() => import("./materials.tsx"), "Materials") },
    { path: qualityRoute.lot, screen: lazyRouteComponent(() => import("./lot.tsx"), "LotPage") },
    { path: qualityRoute.training, screen: lazyRouteComponent(() => import("./training.tsx"), "TrainingPage") },
    { path: certificateRoute.list, screen: lazyRouteComponent(() => import("./certificates.tsx"), "Certificates") },
    {
      path: certificateRoute.templates,
      screen: lazyRouteComponent(() => import("./certificate-template.tsx"), "CertificateTemplates"),
    },
    { path: certificateRoute.one, screen: lazyRouteComponent(() => import("./certificate.tsx"), "CertificatePage") },
    { path: certificateRoute.customers, screen: lazyRouteComponent(() => import("./customers.tsx"), "Customers") },
    { path: certificateRoute.customer, screen: lazyRouteComponent(() => import("./customer.tsx"), "CustomerPage") },
    { path: certificateRoute.portal, screen: lazyRouteComponent(() => import("./portal.tsx"), "MySamples") },
    {
      path: certificateRoute.portalSample,
      screen: lazyRouteComponent(() => import("./portal-sample.tsx"), "MySample"),
    },
    { path: inspectRoute.overview, screen: lazyRouteComponent(() => import("./overview.tsx"), "OverviewPage") },
    { path: inspectRoute.reviews, screen: lazyRouteComponent(() => import("./trail-reviews.tsx"), "TrailReviews") },
    { path: inspectRoute.review, screen: lazyRouteComponent(() => import("./trail-review.tsx"), "TrailReviewPage") },
    { path: inspectRoute.results, screen: lazyRouteComponent(() => import("./results.tsx"), "Results") },
    { path: inspectRoute.evidence, screen: lazyRouteComponent(() => import("./evidence.tsx"), "EvidencePage") },
    { path: inspectRoute.family, screen: lazyRouteComponent(() => import("./family.tsx"), "FamilyPage") },
    { path: inspectRoute.method, screen: lazyRouteComponent(() => import("./method.tsx"), "MethodPage") },
    { path: inspectRoute.specification, screen: lazyRouteComponent(() => import("./method.tsx"), "SpecificationPage") },
    { path: labRoute.methods, screen: lazyRouteComponent(() => import("./methods.tsx"), "Methods") },
    { path: stabilityRoute.list, screen: lazyRouteComponent(() => import("./stability-list.tsx"), "Studies") },
    { path: stabilityRoute.make, screen: lazyRouteComponent(() => import("./protocol-editor.tsx"), "ProtocolPage") },
    { path: stabilityRoute.one, screen: lazyRouteComponent(() => import("./study.tsx"), "StudyPage") },
    {
      path: stabilityRoute.protocol,
      screen: lazyRouteComponent(() => import("./protocol-editor.tsx"), "ProtocolPage"),
    },
    { path: stabilityRoute.schedules, screen: lazyRouteComponent(() => import("./schedules.tsx"), "Schedules") },
    { path: labRoute.places, screen: lazyRouteComponent(() => import("./places.tsx"), "Places") },
    { path: labRoute.imports, screen: lazyRouteComponent(() => import("./import.tsx"), "ImportPage") },
  ],
  guest: { home: certificatePage.portal, screens: [certificateRoute.portal, certificateRoute.portalSample] },
  words: { ...labWords, ...certificateWords, ...qualityWords },
  confirms: labConfirms,
  recordPage,
  find: findInLaboratory,
};
