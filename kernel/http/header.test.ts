import { expect, test } from "vitest";
import { securityHeaders } from "./header.ts";

test("APP-01 no answer is framed, sniffed, opened by or told to another site", () => {
  for (const nonce of [undefined, "n0nce"]) {
    const headers = securityHeaders({ nonce, https: true });
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
    const policy = headers["content-security-policy"] ?? "";
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy.split("; ")).toContain(part);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  }
});

test("APP-01 a service that the operator configured is let in on the pages that show it, by its own address alone", () => {
  const outside = ["https://challenges.example"];
  const { "content-security-policy": policy = "" } = securityHeaders({ nonce: "n0nce", https: true, outside });
  expect(policy.split("; ")).toEqual(
    expect.arrayContaining(["script-src 'self' https://challenges.example", "frame-src https://challenges.example"]),
  );
  expect(policy).not.toContain("unsafe");
});
