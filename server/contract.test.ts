import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { testSealer } from "@probity/seal/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCatalogue, openIdentity } from "@probity/kernel";
import { policies } from "../kernel/policy/policy.ts";
import { openTestKernel, type TestKernel } from "@probity/kernel/testing";
import { enabledApps } from "./apps.ts";
import { readConfig } from "./config.ts";
import { errorList } from "./error-list.ts";
import { buildHttp } from "./serve.ts";

const root = join(import.meta.dirname, "..");
const apps = enabledApps({ freeCheck: true });

describe("the API and its description", () => {
  let kernel: TestKernel;
  let http: FastifyInstance;
  beforeAll(async () => {
    kernel = await openTestKernel({ apps: apps.map((app) => app.migrations) });
    const identity = openIdentity(kernel, { url: "http://localhost" });
    const instance = {
      kernel,
      apps,
      sealer: testSealer(),
      cluster: undefined,
      admin: kernel.admin,
      findings: [],
      close: async () => undefined,
    };
    http = await buildHttp(instance, identity, readConfig({}), pino({ level: "silent" }));
    await http.ready();
  });
  afterAll(async () => {
    await http?.close();
    await kernel?.close();
  });

  test("APP-03 every described operation is there, and every address of the API is described", async () => {
    const answer = await http.inject("/api/openapi.json");
    const { paths }: { paths: Record<string, Record<string, { responses: object }>> } = answer.json();
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    for (const operation of described) {
      const [method = "", path = ""] = operation.split(" ");
      expect([operation, http.hasRoute({ method, url: path.replaceAll(/\{(\w+)\}/g, ":$1") })]).toEqual([
        operation,
        true,
      ]);
    }
    expect(registered(http).toSorted()).toEqual(described.toSorted());
  });

  test("APP-02 every budget that a policy names is spent by some call", async () => {
    const { paths }: { paths: Record<string, Record<string, Record<string, unknown>>> } = (
      await http.inject("/api/openapi.json")
    ).json();
    const spent = new Set(Object.values(paths).flatMap((each) => Object.values(each).map((one) => one["x-budget"])));
    for (const [kind, name] of [
      ["api", "limit.apiPerSecond"],
      ["upload", "limit.uploadsPerHour"],
      ["analysis", "limit.analysesPerHour"],
      ["billing", "limit.billingPerHour"],
    ] as const)
      expect([kind, spent.has(kind), policies[name].effect.length > 0]).toEqual([kind, true, true]);
  });

  test("APP-03 every operation names its answers, its permission and the problem document", async () => {
    const { paths }: { paths: Record<string, Record<string, Record<string, unknown>>> } = (
      await http.inject("/api/openapi.json")
    ).json();
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(operations.length).toBeGreaterThan(100);
    for (const operation of operations) {
      expect(operation).toMatchObject({ "x-permission": expect.any(String), summary: expect.stringMatching(/./) });
      expect(Object.keys(Object(operation["responses"]))).toContain("default");
    }
  });
});

/** Method and path of every registered route of the API, in the words of OpenAPI, from Fastify's own tree. */
function registered(http: FastifyInstance): string[] {
  const found: string[] = [];
  const prefixes: string[] = [];
  for (const line of http.printRoutes({ commonPrefix: false }).split("\n")) {
    const parts = /^((?:│ {3}| {4})*)(?:├── |└── )(.*?)(?: \(([A-Z, ]+)\))?$/u.exec(line);
    if (!parts) continue;
    const depth = (parts[1]?.length ?? 0) / 4;
    const path = (depth === 0 ? "" : (prefixes[depth - 1] ?? "")) + (parts[2] ?? "");
    prefixes[depth] = path;
    for (const method of parts[3]?.split(", ") ?? []) found.push(`${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  }
  // Pages and their assets are no API.
  return found.filter(
    (each) => !/ (\*|\/|\/assets.*|\/pdf.*|\/\*|\/[\w-]+\.(m?js|svg|html|css|png|txt|webmanifest))$/.test(each),
  );
}

describe("errors", () => {
  test("APP-03 docs/errors.md lists every code there is", () => {
    expect(readFileSync(join(root, "docs/errors.md"), "utf8")).toBe(errorList());
  });

  // A refused file's whole text is filled in; the tests beside those texts count their sentences.
  const own = [...errorCatalogue()].filter(([, { detail }]) => !/^\{\w+\}$/.test(detail));
  test.each(own)("%s says what happened, what is safe and what to do", (_, { status, title, detail }) => {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(title).toMatch(/^[A-Z]/);
    const sentences = detail.replace(/^\{\w+\} /, "Filled in. ").split(/(?<=[.!?])\s+(?=[A-Z{])/);
    expect(sentences.length).toBeGreaterThanOrEqual(3);
    expect(detail).not.toMatch(/\b(please|oops|invalid|sorry)\b/i);
  });
});

test("TEN-01 every record has its generated tests, those without routes the ones in SQL", () => {
  expect(apps.length).toBeGreaterThan(1);
  for (const app of apps) {
    const folder = join(root, "apps", app.name, "records");
    const texts = existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith(".test.ts"))
          .map((name) => readFileSync(join(folder, name), "utf8"))
      : [];
    for (const record of app.records) {
      const table = record.name.split(".")[1] ?? "";
      const variable = table.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      const has = (pattern: RegExp) => texts.some((text) => pattern.test(text));
      if (record.routes !== false)
        expect([record.name, has(new RegExp(`testRecord\\(${variable}\\b`))]).toEqual([record.name, true]);
      expect([record.name, has(/testIsolation\(app\.records/)]).toEqual([record.name, true]);
    }
  }
});
