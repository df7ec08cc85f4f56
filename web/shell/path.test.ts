import { expect, test } from "vitest";
import { api, apiPath, ownPath, page } from "./path.ts";

test("after sign-in nobody is sent to another site, however the link is written", () => {
  expect(ownPath("/w/acme/home?f=gap")).toBe("/w/acme/home?f=gap");
  for (const crafted of [
    "//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "",
    undefined,
  ]) {
    expect(ownPath(crafted)).toBeNull();
  }
});

test("a name with a slash or a question mark stays one segment of an address", () => {
  expect(page.home("a/b?c")).toBe("/w/a%2Fb%3Fc/home");
  expect(apiPath("regulatory-docs", ["runs", "../x"])).toBe("/api/regulatory-docs/runs/..%2Fx");
  expect(api.invitation("t/1")).toBe("/api/invitations/t%2F1");
});

test("empty filters leave the address", () => {
  expect(api.events({ q: "", cursor: undefined, limit: 100 })).toBe("/api/ledger/events?limit=100");
});
