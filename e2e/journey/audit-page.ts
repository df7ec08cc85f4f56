import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

const standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe objects to on this page, one line a rule, in light and in dark. */
export async function objections(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  const size = page.viewportSize();
  // As tall as its content, so that nothing lies beneath a bar that sticks to the bottom.
  await page.setViewportSize({ width: size?.width ?? 1280, height: 1600 });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction((scheme) => document.documentElement.dataset.mantineColorScheme === scheme, colorScheme);
    await page.waitForFunction(coloursStand);
    // Only what is wrong is described, and in the page itself: the other way opens a second page for each look, for frames
    // of other origins, which no page of ours has. The dark scheme has the same structure: contrast alone can differ.
    const axe = new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).setLegacyMode();
    const { violations } = await (
      colorScheme === "light" ? axe.withTags(standards) : axe.withRules(["color-contrast"])
    ).analyze();
    for (const { id, nodes } of violations) {
      found.push(`${name}, ${colorScheme}: ${id} ×${nodes.length}, ${nodes[0]?.html.slice(0, 140) ?? ""}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  if (size !== null) await page.setViewportSize(size);
  return found;
}

/** In the page: no change of a colour is under way any more. What turns for ever is none. */
function coloursStand(): boolean {
  const under = document.getAnimations().filter((each) => each.effect?.getComputedTiming().iterations !== Infinity);
  return under.every((each) => each.playState !== "running");
}
