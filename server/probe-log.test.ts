import { fastify } from "fastify";
import { expect, test } from "vitest";
import { nameProbes, probeWords } from "./probe-log.ts";

test("API-1 the log names what a probe of its own brought about, and nothing that somebody else did", async () => {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const http = fastify({ logger: { level: "error", stream } });
  nameProbes(http, "the mark of this start");
  http.get("/", (request) => {
    request.log.error("This file's seal is broken");
    return {};
  });
  await http.inject({ url: "/", headers: { "probity-probe": "the mark of this start" } });
  await http.inject({ url: "/", headers: { "probity-probe": "another" } });
  await http.inject({ url: "/" });
  await http.close();
  expect(lines.map((line) => line["probe"])).toEqual([probeWords, undefined, undefined]);
});
