import type { Page } from "playwright-core";
import { opened, press, type Stop } from "./stop.ts";

const lab = (name: string, path: string, more: Partial<Stop> = {}): Stop => ({
  name: `lab-${name}`,
  path: `/w/WS/lab/${path}`,
  as: "owner",
  ...more,
});
const family = async (page: Page) => {
  await opened(page);
  await page.goto(`${page.url()}/genealogy`);
  await page.getByRole("group", { name: "Graph" }).waitFor();
};

/** What keeps the laboratory in order, and what an inspector reads. */
export const labQuality: readonly Stop[] = [
  lab("overview", "overview"),
  lab("overview-loading", "overview", { slow: "**/api/lab/overview" }),
  lab("overview-error", "overview", { broken: "**/api/lab/overview" }),
  lab("instruments", "instruments"),
  lab("instrument", "instruments", { act: opened }),
  lab("instruments-none", "instruments?q=zzzz"),
  lab("materials", "materials"),
  lab("lot", "materials", { act: opened }),
  lab("training", "training"),
  lab("charts", "charts"),
  lab("chart", "charts", { act: opened }),
  lab("trends", "trends"),
  lab("uncertainty", "uncertainty"),
  lab("studies", "studies"),
  lab("study", "studies", { act: opened }),
  lab("schedules", "schedules"),
  lab("schedules-new", "schedules", { act: press("New schedule") }),
  lab("schedules-filled", "schedules", {
    act: async (page) => {
      await press("New schedule")(page);
      await page.locator("#schedule-product option").nth(1).waitFor({ state: "attached" });
      await page.locator("#schedule-product").selectOption({ index: 1 });
      await page.getByRole("dialog").getByText("Next:").waitFor();
      await page.locator("#schedule-why").scrollIntoViewIfNeeded();
    },
  }),
  lab("schedules-change", "schedules", { act: press("Change") }),
  lab("reviews", "trail-reviews"),
  lab("review", "trail-reviews", { act: opened }),
  lab("limits", "methods"),
  lab("gates", "methods?tab=gates"),
  lab("gates-change", "methods?tab=gates", { act: press(/^Change where/) }),
  lab("gates-loading", "methods?tab=gates", { slow: "**/api/lab/settings*" }),
  lab("gates-error", "methods?tab=gates", { broken: "**/api/lab/settings*" }),
  lab("family", "samples?verdict=out", { act: family }),
  lab("evidence", "samples?verdict=out", {
    act: async (page) => {
      await family(page);
      await page.locator("[data-kind=result] a").first().click();
      await page.getByRole("heading", { name: "Prove that nothing was altered" }).waitFor();
    },
  }),
  lab("specimen-spoilt", "certificate-templates", { spoilt: "**/api/lab/certificate-templates/preview" }),
];
