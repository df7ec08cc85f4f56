import type { Stop } from "./stop.ts";
import { opened, press } from "./stop.ts";

const lab = (name: string, path: string, more: Partial<Stop> = {}): Stop => ({
  name: `lab-${name}`,
  path: `/w/WS/lab/${path}`,
  as: "owner",
  ...more,
});

/** What leaves the laboratory: certificates at each point of their life, and what a customer sees of them. */
export const labTold: readonly Stop[] = [
  lab("certificate-draft", "certificates?state=draft", { act: opened }),
  lab("certificate-sign", "certificates?state=draft", {
    as: "reviewer",
    act: async (page) => {
      await opened(page);
      await press(/^Sign /)(page);
      await page.getByRole("dialog").waitFor();
    },
  }),
  lab("certificate-signed", "certificates?state=current", { act: opened }),
  lab("certificate-superseded", "certificates?state=superseded", { act: opened }),
  lab("certificate-amend", "certificates?state=current", {
    act: async (page) => {
      await opened(page);
      await press("Amend")(page);
      await page.getByRole("dialog").waitFor();
    },
  }),
  lab("certificate-send", "certificates?state=current", {
    act: async (page) => {
      await opened(page);
      await press("Send by link")(page);
      await page.getByRole("dialog").waitFor();
    },
  }),
  lab("certificates-none", "certificates?q=zzzz"),
  lab("certificates-loading", "certificates", { slow: "**/api/lab/certificates*" }),
  lab("certificates-error", "certificates", { broken: "**/api/lab/certificates*" }),
  lab("new-study", "new-study"),
  lab("portal", "portal", { as: "customer" }),
  lab("portal-sample", "portal", { as: "customer", act: opened }),
  lab("portal-loading", "portal", { as: "customer", slow: "**/api/lab/portal/samples*" }),
  lab("portal-error", "portal", { as: "customer", broken: "**/api/lab/portal/samples*" }),
];
