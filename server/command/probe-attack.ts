import { listOf, missingHeaders, recordOf, verifies, type ProbeAnswer, type ProbeHttp } from "@probity/trust";
import { makeOwnRecords, type OwnRecords } from "./probe-record.ts";

/** One line of the result: what was tried, how often, and whether it was refused as it should be. */
export type ProbeRow = {
  readonly check: string;
  readonly address: string;
  readonly tried: number;
  readonly outcome: "held" | "failed" | "not tested";
  readonly detail: string;
};

/** One operation of the instance's own OpenAPI document. */
export type Operation = {
  readonly method: string;
  readonly path: string;
  readonly open: boolean;
  readonly streams: boolean;
  readonly parameters: readonly { name: string; place: string; required: boolean; schema: Record<string, unknown> }[];
  readonly body: Record<string, unknown> | undefined;
  readonly multipart: boolean;
};

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const nobody = "00000000-0000-7000-8000-00000000dead";
/** Ids of A tried at one address; those of its own kind come first. */
const idLimit = 20;

/**
 * Runs every check against the instance that `call` reaches.
 * @returns a row a check and address; "not tested" where nothing could be shown either way.
 * @throws when a key opens nothing, the instance has no OpenAPI document, or it can't be reached.
 */
export async function attack(
  call: ProbeHttp,
  options: { origin: string; keyA: string; keyB: string },
): Promise<ProbeRow[]> {
  const { origin, keyA, keyB } = options;
  const faults: string[] = [];
  let answers = 0;
  const http: ProbeHttp = async (method, path, request) => {
    const answer = await call(method, path, request);
    answers += 1;
    if (answer.status >= 500) faults.push(`${method} ${path}: ${answer.status}`);
    return answer;
  };
  const operations = await readOperations(http);
  await requireKeys(http, operations, { A: keyA, B: keyB });
  const rows: ProbeRow[] = [];
  const ofA = await makeOwnRecords(http, operations, keyA);
  const ofB = await makeOwnRecords(http, operations, keyB);
  try {
    const idsOfA = await harvest(http, operations, keyA, ofA);
    const idsOfB = await harvest(http, operations, keyB, ofB);
    // What both may see is nobody's secret; all of it the same means that both keys open one workspace.
    const secret = [...idsOfA].filter((id) => !idsOfB.has(id));
    const strangers = !ofB.ids.some((id) => idsOfA.has(id)) && !ofA.ids.some((id) => idsOfB.has(id));
    rows.push(
      row("Two workspaces", "", [
        [secret.length > 0, "no id was found that only A sees: A is empty, or both keys open one workspace"],
        [strangers, "one key's own lists show what the other made: a leak, or both keys open one workspace"],
      ]),
    );
    for (const operation of operations.filter(({ method, open }) => method === "GET" && !open)) {
      rows.push(await withoutKey(http, operation));
      rows.push(await acrossTenants(http, operation, { keyA, keyB, secret }));
    }
    rows.push(await deletingAcross(http, ofA, keyB), await unknownFields(http, operations, ofA, keyA));
    rows.push(await headers(http, origin), await statement(http));
  } finally {
    await ofA.remove();
    await ofB.remove();
  }
  rows.push(
    row("The server breaks at nothing that was sent", "", [
      [answers > 0 && faults.length === 0, faults.slice(0, 5).join("; ")],
    ]),
  );
  return rows;
}

/** A key that opens nothing would make every refusal look like a protection. */
async function requireKeys(
  http: ProbeHttp,
  operations: readonly Operation[],
  keys: Readonly<Record<string, string>>,
): Promise<void> {
  const reads = operations.filter(
    ({ method, open, streams, parameters }) =>
      method === "GET" && !open && !streams && !parameters.some(({ required }) => required),
  );
  for (const [name, key] of Object.entries(keys)) {
    let accepted = false;
    for (const { path } of reads) accepted ||= (await http("GET", path, { key })).status === 200;
    if (!accepted)
      throw new Error(
        `Key ${name} opens no address that lists anything. Nothing was tested. Give a key that may read.`,
      );
  }
}

async function readOperations(http: ProbeHttp): Promise<Operation[]> {
  const document = await http("GET", "/api/openapi.json");
  if (document.status !== 200)
    throw new Error(
      `There is no /api/openapi.json (${document.status}). Nothing was tested. Name the instance's own address.`,
    );
  return Object.entries(recordOf(document.body["paths"])).flatMap(([path, item]) =>
    Object.entries(recordOf(item)).map(([method, described]): Operation => {
      const operation = recordOf(described);
      const content = recordOf(recordOf(operation["requestBody"])["content"]);
      const answers = Object.values(recordOf(operation["responses"])).map((answer) =>
        recordOf(recordOf(answer)["content"]),
      );
      return {
        method: method.toUpperCase(),
        path,
        open: !Array.isArray(operation["security"]) || operation["security"].length === 0,
        streams: answers.some((answer) => "text/event-stream" in answer),
        parameters: listOf(operation["parameters"]).map((parameter) => ({
          name: String(parameter["name"]),
          place: String(parameter["in"]),
          required: parameter["required"] === true,
          schema: recordOf(parameter["schema"]),
        })),
        body: "application/json" in content ? recordOf(recordOf(content["application/json"])["schema"]) : undefined,
        multipart: "multipart/form-data" in content,
      };
    }),
  );
}

/** The address with every id filled in; undefined where something is needed that is no id. */
export function fill(operation: Operation, id: string): string | undefined {
  let path = operation.path;
  const search = new URLSearchParams();
  for (const { name, place, required, schema } of operation.parameters) {
    if (place === "path") {
      if (schema["format"] !== "uuid") return undefined;
      path = path.replace(`{${name}}`, id);
    }
    if (place !== "query" || !(required || schema["format"] === "uuid")) continue;
    const value = schema["format"] === "uuid" ? id : firstChoice(schema);
    if (value === undefined) return undefined;
    search.set(name, value);
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

/** The first of a closed set of texts. */
function firstChoice(schema: Record<string, unknown>): string | undefined {
  const choices = [schema, ...listOf(schema["anyOf"])].flatMap((each) => [
    each["const"],
    ...(Array.isArray(each["enum"]) ? each["enum"] : []),
  ]);
  return choices.find((choice) => typeof choice === "string");
}

function takesId(operation: Operation): boolean {
  return fill(operation, nobody) !== operation.path;
}

/** Every id that this key's own lists and records show. */
async function harvest(
  http: ProbeHttp,
  operations: readonly Operation[],
  key: string,
  own: OwnRecords,
): Promise<Set<string>> {
  const ids = new Set<string>(own.ids);
  const reads = operations.filter(({ method, open, streams }) => method === "GET" && !open && !streams);
  for (const operation of reads.filter((each) => each.parameters.every(({ required }) => !required))) {
    const answer = await http("GET", operation.path, { key });
    if (answer.status === 200) for (const [id] of answer.text.matchAll(uuid)) ids.add(id);
  }
  for (const operation of reads.filter((each) =>
    each.parameters.some(({ place, required }) => place === "query" && required),
  )) {
    for (const id of own.ids) {
      const path = fill(operation, id);
      const answer = path === undefined ? undefined : await http("GET", path, { key });
      if (answer?.status === 200) for (const [found] of answer.text.matchAll(uuid)) ids.add(found);
    }
  }
  return ids;
}

async function withoutKey(http: ProbeHttp, operation: Operation): Promise<ProbeRow> {
  const check = "Without a key";
  const path = fill(operation, nobody);
  if (path === undefined) return untested(check, operation.path, "it takes something that is no id");
  const bare = await http("GET", path);
  const made = await http("GET", path, { key: `pk_${"A".repeat(43)}` });
  return row(check, operation.path, [
    [bare.status === 401, `no key: ${bare.status} instead of 401`],
    [made.status === 401, `a made-up key: ${made.status} instead of 401`],
  ]);
}

/**
 * Under B's key A's ids must not be there. Where A itself gets nothing by any of them the address shows nothing, and the
 * row says so: a refusal of what does not exist is no proof.
 */
async function acrossTenants(
  http: ProbeHttp,
  operation: Operation,
  { keyA, keyB, secret }: { keyA: string; keyB: string; secret: readonly string[] },
): Promise<ProbeRow> {
  const check = "A's records under B's key";
  if (fill(operation, nobody) === undefined) return untested(check, operation.path, "it takes something that is no id");
  const shows = (answer: ProbeAnswer) => answer.status === 200 && secret.some((id) => answer.text.includes(id));
  const results: [boolean, string][] = [];
  let reached = false;
  for (const id of takesId(operation) ? secret.slice(0, idLimit) : [""]) {
    const path = fill(operation, id) ?? operation.path;
    const isList = !operation.parameters.some(({ place }) => place === "path");
    if (!operation.streams) {
      const own = await http("GET", path, { key: keyA });
      if (own.status !== 200 || (isList && !shows(own))) continue;
    }
    reached = true;
    const answer = await http("GET", path, { key: keyB });
    const refused = isList ? !shows(answer) : [403, 404].includes(answer.status);
    results.push([refused, `${path}: ${answer.status}`]);
  }
  return reached
    ? row(check, operation.path, results)
    : untested(check, operation.path, "A itself got nothing there by the ids at hand");
}

async function deletingAcross(http: ProbeHttp, ofA: OwnRecords, keyB: string): Promise<ProbeRow> {
  const check = "Deleting A's own test records with B's key";
  const results: [boolean, string][] = [];
  for (const { path, version, why } of ofA.records) {
    const answer = await http("DELETE", `${path}${why}`, { key: keyB, headers: { "if-match": `"${version}"` } });
    results.push([[403, 404].includes(answer.status), `${path}: ${answer.status}`]);
  }
  return results.length === 0 ? untested(check, "", "no record could be made to try it on") : row(check, "", results);
}

async function unknownFields(
  http: ProbeHttp,
  operations: readonly Operation[],
  ofA: OwnRecords,
  key: string,
): Promise<ProbeRow> {
  const results: [boolean, string][] = [];
  const judge = (what: string, answer: ProbeAnswer) =>
    results.push(
      [answer.status === 400, `${what}: ${answer.status} instead of 400`],
      [
        answer.headers.get("content-type")?.startsWith("application/problem+json") === true,
        `${what}: no problem document`,
      ],
      [!/\n\s+at |node_modules|\.ts:\d/.test(answer.text), `${what}: tells of the inside`],
    );
  for (const operation of operations) {
    if (operation.method !== "GET" || operation.open || operation.parameters.some(({ required }) => required)) continue;
    judge(
      `GET ${operation.path} with an unknown parameter`,
      await http("GET", `${operation.path}?unknown_by_probe=1`, { key }),
    );
  }
  for (const { made, body } of ofA.recipes) {
    judge(
      `POST ${made} with an unknown field`,
      await http("POST", made, { key, json: { ...body, unknown_by_probe: true } }),
    );
  }
  return row("Unknown fields are refused", "", results);
}

async function headers(http: ProbeHttp, origin: string): Promise<ProbeRow> {
  const results: [boolean, string][] = [];
  for (const path of ["/", "/healthz", "/trust.json", "/api/no-such-address", "/api/home"]) {
    const missing = missingHeaders((await http("GET", path)).headers, origin.startsWith("https:"));
    results.push([missing.length === 0, `${path}: ${missing.join(", ")}`]);
  }
  return row("Security headers", "", results);
}

async function statement(http: ProbeHttp): Promise<ProbeRow> {
  const { body, status } = await http("GET", "/trust.json");
  const keys = listOf((await http("GET", "/.well-known/jwks.json")).body["keys"]);
  return row("The trust statement", "/trust.json", [
    [status === 200, `it gave ${status}`],
    [verifies(body, keys), "its signature does not verify under the published keys"],
  ]);
}

function row(check: string, address: string, results: readonly (readonly [boolean, string])[]): ProbeRow {
  const wrong = results.filter(([held]) => !held).map(([, said]) => said);
  const outcome = results.length === 0 ? "not tested" : wrong.length === 0 ? "held" : "failed";
  return { check, address, tried: results.length, outcome, detail: wrong.slice(0, 5).join("; ") };
}

function untested(check: string, address: string, detail: string): ProbeRow {
  return { check, address, tried: 0, outcome: "not tested", detail };
}
