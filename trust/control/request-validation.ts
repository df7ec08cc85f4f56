import { defineControl } from "../control.ts";
import type { ProbeAnswer } from "../http.ts";
import { collectionsPath, documentsPath } from "../scratch-document.ts";
import { allOf, type Check } from "./outcome.ts";

/** Traces of the inside: stack frames, source files, SQL, roles of the database. */
const leak =
  /\n\s+at |\bat [\w.<>]+ \(|\.(ts|js|mjs):\d|node_modules|\/(home|root|usr|work|var)\/|\bselect\b.+\bfrom\b|syntax error|probity_(app|owner|door)|SQLSTATE/i;

function isProblem(answer: ProbeAnswer): boolean {
  const { type, title, status, detail, code, requestId } = answer.body;
  return (
    answer.headers.get("content-type")?.startsWith("application/problem+json") === true &&
    [type, title, detail, code, requestId].every((member) => typeof member === "string") &&
    status === answer.status
  );
}

export const requestValidation = defineControl({
  id: "APP-03",
  standards: ["SOC 2 PI1.2", "ISO 27001 A.8.26", "ISO 27001 A.8.28", "OWASP ASVS 2.2"],
  yourPart: "None.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "unknown-fields",
      kind: "scratch",
      title: "What does not fit is refused with a problem document that tells nothing of the inside",
      run: async ({ http, scratch }) => {
        const key = scratch.a.ownerKey;
        const answer = await http("GET", `${collectionsPath}?limit=1`, { key });
        return allOf("the same address takes what fits", [
          [answer.status === 200, `a fitting request got ${answer.status}`],
        ]);
      },
      negative: async ({ http, scratch }) => {
        const key = scratch.a.ownerKey;
        const tries: readonly (readonly [what: string, wanted: number, answer: ProbeAnswer, named?: string])[] = [
          [
            "an unknown field",
            400,
            await http("POST", collectionsPath, { key, json: { name: "Probe", admin: true } }),
            "admin",
          ],
          [
            "a prototype's name",
            400,
            await http("POST", collectionsPath, { key, json: '{"name":"Probe","constructor":{"x":1}}' }),
          ],
          ["an unknown parameter", 400, await http("GET", `${collectionsPath}?probe=1`, { key }), "probe"],
          ["a wrong type", 400, await http("POST", collectionsPath, { key, json: { name: 7 } })],
          ["a broken body", 400, await http("POST", collectionsPath, { key, json: '{"name":' })],
          ["an id that is none", 400, await http("GET", `${collectionsPath}/1'%20or%201=1--`, { key })],
          [
            "another content type",
            415,
            await http("POST", collectionsPath, { key, json: "<a/>", headers: { "content-type": "application/xml" } }),
          ],
          [
            "a document that is not there",
            404,
            await http("GET", `${documentsPath}/00000000-0000-7000-8000-000000000000/text`, { key }),
          ],
          ["nobody's address", 404, await http("GET", "/api/no-such-address")],
        ];
        return allOf(
          `${tries.length} requests that do not fit got a problem document each (RFC 9457), with no trace of the inside`,
          tries.flatMap(([what, wanted, answer, named]): Check[] => [
            [answer.status === wanted, `${what} got ${answer.status} instead of ${wanted}`],
            [isProblem(answer), `${what} was not answered with a problem document`],
            [!leak.test(answer.text), `the answer to ${what} tells of the inside`],
            [named === undefined || answer.text.includes(named), `the answer to ${what} does not name it`],
          ]),
        );
      },
    },
  ],
});
