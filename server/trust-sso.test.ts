import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { door, turnsRed, turnsRedServing, useTrustWorld } from "./testing/trust-world.ts";

useTrustWorld();

describe("TRU-01 single sign-on turns red when its protection is really gone", { timeout: 120_000 }, () => {
  test("IDN-03: a directory's token that revoking does not end", () => {
    const made = readFileSync(join(import.meta.dirname, "../kernel/sql/0034-scim.sql"), "utf8");
    const sound = /create (function kernel\.scim_of_token[\s\S]*?\n\$\$;)/.exec(made)?.[1] ?? "";
    const broken = sound.replace("t.revoked_at is null and", "");
    expect(broken).not.toBe(sound);
    return turnsRed(
      "IDN-03",
      `${door}create or replace ${broken}`,
      `${door}create or replace ${sound}`,
      /a revoked token got 200/,
    );
  });

  test("IDN-03: a domain that counts without its record", () =>
    turnsRedServing(
      "IDN-03",
      {
        route: (route) =>
          route.path === "/api/sso/domains/{id}/verify" ? { ...route, handle: async () => ({ status: 204 }) } : route,
      },
      /verifying a domain without its record got 204/,
    ));

  test("IDN-02: an answer nobody asked for signs somebody in", () =>
    turnsRedServing(
      "IDN-02",
      {
        route: (route) =>
          route.path === "/api/sso/social/{provider}/callback" && route.method === "GET"
            ? {
                ...route,
                handle: async () => ({ status: 303, headers: { location: "/", "set-cookie": "probity-session=x" } }),
              }
            : route,
      },
      /an answer nobody asked for, from google, got 303/,
    ));
});
