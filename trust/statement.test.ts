import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync, chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testRootKey } from "@probity/kernel/testing";
import { afterAll, describe, expect, test } from "vitest";
import { catalogueHash, controls } from "./catalogue.ts";
import { defineControl } from "./control.ts";
import { labPromises } from "./promise-lab.ts";
import { promises } from "./promise.ts";
import { contactUri, fieldsOf, securityText } from "./security-text.ts";
import { stateOf } from "./statement.ts";
import { openTrustKey, signed, verifies } from "./trust-key.ts";

const now = new Date("2026-11-22T12:00:00Z");
const options = { controls, publicUrl: "https://probity.example.test", version: "0.1.0" };
const home = mkdtempSync(join(tmpdir(), "probity-trust-key-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const everyHeld = controls.flatMap((control) =>
  control.probes.map((probe) => ({ control: control.id, probe: probe.id, outcome: "held", at: now, detail: "" })),
);
const statusOfId = (results: typeof everyHeld, id: string) =>
  stateOf(results, options, now).controls.find((each) => each.id === id)?.status;

describe("TRU-01 the statement", () => {
  const written = "/work/shared/PROMISES.md";
  test.skipIf(!existsSync(written))("lists every promise that was written down, in its words", () => {
    const ids = [...readFileSync(written, "utf8").matchAll(/^- ([A-Z]{2,3}-\d\d) /gm)].map(([, id]) => id);
    // What an app keeps of its own is listed beside them, under its own name.
    const own = labPromises.map(({ id }) => id);
    expect(promises.map(({ id }) => id).toSorted()).toEqual([...ids, ...own].toSorted());
  });

  test("shows each promise once, those without a control as planned, and counts add up", () => {
    const { controls: stated, summary } = stateOf([], options, now);
    expect(stated.map(({ id }) => id)).toEqual(promises.map(({ id }) => id));
    expect(new Set(stated.map(({ id }) => id)).size).toBe(stated.length);
    expect(summary).toEqual({
      active: 0,
      degraded: 0,
      stale: controls.length,
      off: 0,
      planned: stated.length - controls.length,
    });
  });

  test("nothing but a held result of every probe makes a control active", () => {
    for (const control of controls) {
      expect(statusOfId(everyHeld, control.id)).toBe("active");
      for (const probe of control.probes) {
        const others = everyHeld.filter((each) => each.control !== control.id || each.probe !== probe.id);
        expect(statusOfId(others, control.id)).toBe("stale");
        const broken = { control: control.id, probe: probe.id, outcome: "broken", at: now, detail: "" };
        expect(statusOfId([...others, broken], control.id)).toBe("degraded");
      }
    }
  });

  test("what no probe touches is said beside the status", () => {
    const stated = stateOf(everyHeld, options, now).controls.find(({ id }) => id === "ENC-01");
    expect(stated).toMatchObject({
      status: "active",
      reason: "Parts without a probe: backups.",
      notProbed: ["backups"],
    });
  });

  test("a control left out, or a probe, changes the catalogue's hash", () => {
    const hash = catalogueHash();
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(catalogueHash()).toBe(hash);
    expect(catalogueHash(controls.slice(1))).not.toBe(hash);
    const [first] = controls;
    if (first === undefined) throw new Error("no control");
    expect(catalogueHash([{ ...first, probes: [first.probes[0]], maxAgeMinutes: 9e9 }, ...controls.slice(1)])).not.toBe(
      hash,
    );
  });

  test("a control for no promise can't be declared", () => {
    const [probe] = controls[0]?.probes ?? [];
    if (probe === undefined) throw new Error("no probe");
    const rest = { standards: [], yourPart: "", maxAgeMinutes: 1 };
    expect(() => defineControl({ ...rest, id: "TEN-99", probes: [probe] })).toThrow(/no promise/);
    expect(() => defineControl({ ...rest, id: "TEN-01", probes: [probe, probe] })).toThrow(/two probes/);
  });
});

describe("TRU-01 the signing key", () => {
  const rootKey = { ...testRootKey };
  test("is sealed, its owner's alone, the same at every start and on every server with the root key", () => {
    const key = openTrustKey(home, rootKey);
    const file = join(home, "keys", "trust.key");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain(String(key.key.export({ format: "jwk" }).d));
    expect(openTrustKey(home, rootKey).id).toBe(key.id);
    const other = mkdtempSync(join(tmpdir(), "probity-trust-key-"));
    expect(openTrustKey(other, rootKey).id).toBe(key.id);
    rmSync(other, { recursive: true });
  });

  test("a file others can read, or that was changed, is not opened", () => {
    const file = join(home, "keys", "trust.key");
    openTrustKey(home, rootKey);
    chmodSync(file, 0o644);
    expect(() => openTrustKey(home, rootKey)).toThrow(/can be read by others/);
    chmodSync(file, 0o600);
  });

  test("a signature holds for the statement as it is, under the published key, and for nothing else", () => {
    const key = openTrustKey(home, rootKey);
    const statement = signed({ ...stateOf(everyHeld, options, now), seen: true }, key);
    // What a reader gets: the JSON, in whatever order its members come.
    const got = Object.fromEntries(Object.entries(statement).toReversed());
    expect(verifies(got, [key.jwk])).toBe(true);
    expect(verifies({ ...got, seen: false }, [key.jwk])).toBe(false);
    expect(verifies({ ...got, more: 1 }, [key.jwk])).toBe(false);
    expect(verifies({ ...got, signature: undefined }, [key.jwk])).toBe(false);
    expect(verifies(got, [])).toBe(false);
    expect(verifies(got, [{ ...key.jwk, x: randomBytes(32).toString("base64url") }])).toBe(false);
  });
});

describe("INC-02 security.txt", () => {
  test("names the contact as a URI and ends within a year", () => {
    const fields = fieldsOf(securityText({ publicUrl: "https://a.test", contact: contactUri("security@a.test"), now }));
    expect(fields.get("contact")).toEqual(["mailto:security@a.test"]);
    expect(fields.get("expires")).toEqual(["2027-02-20T00:00:00Z"]);
    expect(fields.get("canonical")).toEqual(["https://a.test/.well-known/security.txt"]);
    expect(contactUri("https://a.test/report")).toBe("https://a.test/report");
  });
  test("says so where no contact is set, and makes none up", () => {
    const text = securityText({ publicUrl: "https://a.test", contact: undefined, now });
    expect(fieldsOf(text).has("contact")).toBe(false);
    expect(text).toMatch(/No security contact is configured/);
  });
});
