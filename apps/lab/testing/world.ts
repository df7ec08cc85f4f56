import { createHash, randomUUID } from "node:crypto";
import { openTestServer, type TestCaller, type TestPerson, type TestServer } from "@probity/kernel/testing";
import { assessmentQuestions } from "../actions/investigation-checklist.ts";
import { lab, type LabOptions } from "../app.ts";

export type LabWorld = {
  readonly server: TestServer;
  readonly workspace: string;
  readonly admin: TestPerson;
  readonly technician: TestPerson;
  readonly reviewer: TestPerson;
  readonly reader: TestPerson;
  readonly as: Readonly<Record<"admin" | "technician" | "reviewer" | "reader", TestCaller>>;
  readonly product: string;
  readonly other: string;
  readonly ph: string;
  readonly solids: string;
  readonly specification: string;
};

/** A laboratory with one product, two methods, one specification and a person in each role. */
export async function openLab(options: LabOptions = {}): Promise<LabWorld> {
  const server = await openTestServer([lab(options)]);
  const workspace = await server.kernel.foundWorkspace("acme");
  const [admin, technician, reviewer, reader] = [
    await server.member(workspace, "owner"),
    await server.member(workspace, "member"),
    await server.member(workspace, "member"),
    await server.member(workspace, "member"),
  ];
  const by = server.as(admin);
  const post = async (path: string, body: unknown) => {
    const answer = await by("POST", path, { body });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return String(answer.body["id"]);
  };
  for (const [person, role] of [
    [reviewer, "reviewer"],
    [reader, "read-only"],
  ] as const) {
    const answer = await by("PUT", `/api/people/${person.membershipId}/access`, {
      version: 0,
      body: { apps: { lab: role }, customRoles: [] },
    });
    if (answer.status >= 300) throw new Error(`role ${role}: ${answer.status} ${answer.text}`);
    // Another role ends the sessions one had: they sign in again.
    await server.kernel.identityPool.query(
      "insert into identity.session (id, user_id, token, expires_at) values ($1, $2, $3, now() + interval '1 day') on conflict do nothing",
      [randomUUID(), person.userId, createHash("sha256").update(person.session.token).digest("hex")],
    );
  }
  const product = await post("/api/lab/products", {
    code: "WFI",
    name: "Water for injection",
    kind: "water",
    description: null,
  });
  const other = await post("/api/lab/products", {
    code: "PW",
    name: "Purified water",
    kind: "water",
    description: null,
  });
  const ph = await post("/api/lab/methods", { code: "M-1", title: "pH" });
  await post(`/api/lab/methods/${ph}/versions`, { reason: "New", definition: phDefinition });
  const solids = await post("/api/lab/methods", { code: "M-2", title: "Residue on evaporation" });
  await post(`/api/lab/methods/${solids}/versions`, { reason: "New", definition: solidsDefinition });
  const specification = await post("/api/lab/specifications", {
    productId: product,
    code: "SPC-1",
    title: "Water",
    reason: "New",
    limits: [
      { methodId: ph, analyte: "ph", low: "5.0", high: "7.0", compare: "entered" },
      { methodId: solids, analyte: "solids", high: "10", compare: "rounded" },
    ],
  });
  return {
    server,
    workspace,
    admin,
    technician,
    reviewer,
    reader,
    as: { admin: by, technician: server.as(technician), reviewer: server.as(reviewer), reader: server.as(reader) },
    product,
    other,
    ph,
    solids,
    specification,
  };
}

export const phDefinition = {
  fields: [],
  analytes: [{ key: "ph", name: "pH", unit: "", kind: "number", decimals: 1, rule: "half-up", quantification: "0.05" }],
};
const solidsDefinition = {
  fields: [
    { key: "tare", name: "Tare", unit: "mg" },
    { key: "gross", name: "Gross", unit: "mg" },
    { key: "volume", name: "Volume", unit: "L" },
  ],
  analytes: [
    {
      key: "solids",
      name: "Residue",
      unit: "mg/L",
      kind: "calculated",
      decimals: 1,
      rule: "half-even",
      formula: "(gross - tare) / volume",
    },
  ],
};

type ShownResult = {
  id: string;
  version: number;
  analyte: string;
  text: string | null;
  reported: string | null;
  verdict: string | null;
  state: string;
  words: string | null;
  limit: string;
  attempt: number;
  method: { number: number };
};
type ShownSample = {
  id: string;
  number: string;
  version: number;
  state: string;
  verdict: string | null;
  results: ShownResult[];
  specificationNumber: number;
};

/** A sample as the API shows it. */
export async function sampleOf(by: TestCaller, id: string): Promise<ShownSample> {
  const answer = await by("GET", `/api/lab/samples/${id}`);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
}
/** Its open or newest determination of an analyte. */
export async function resultOf(by: TestCaller, sampleId: string, analyte: string): Promise<ShownResult> {
  const found = (await sampleOf(by, sampleId)).results.findLast((each) => each.analyte === analyte);
  if (found === undefined) throw new Error(`no ${analyte}`);
  return found;
}
/** Registers and receives samples of the world's product. */
export async function received(world: LabWorld, count = 1, body: Record<string, unknown> = {}): Promise<string[]> {
  const made = await world.as.technician("POST", "/api/lab/samples", {
    body: { samples: Array.from({ length: count }, () => ({ productId: world.product, ...body })) },
  });
  if (made.status !== 201) throw new Error(`${made.status} ${made.text}`);
  const parsed: { items: { id: string }[] } = JSON.parse(made.text);
  const ids = parsed.items.map((each) => each.id);
  const answer = await world.as.technician("POST", "/api/lab/samples/receive", {
    body: { ids, place: "Fridge 1", condition: "intact" },
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return ids;
}
/** Both results of a sample, entered. */
export async function entered(world: LabWorld, id: string, ph = "6.5", by = world.as.technician): Promise<void> {
  const [first, second] = [await resultOf(by, id, "ph"), await resultOf(by, id, "solids")];
  const answer = await by("POST", "/api/lab/results/save", {
    body: {
      rows: [
        { id: first.id, version: first.version, text: ph },
        { id: second.id, version: second.version, interim: { tare: "1000.0", gross: "1002.5", volume: "0.5" } },
      ],
    },
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
}

/** Every question of phase I, in order. */
export const inOrder = assessmentQuestions.map(({ key }) => ({ question: key, answer: "in-order", note: "" }));

/** Opens an investigation, finds a laboratory error and has a plan of one retest approved by another person. */
export async function investigated(world: LabWorld, resultId: string, retests = 1) {
  const call = async (by: TestCaller, path: string, version?: number, body?: unknown) => {
    const answer = await by("POST", path, {
      ...(version === undefined ? {} : { version }),
      ...(body === undefined ? {} : { body }),
    });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const { technician, admin, reviewer } = world.as;
  const id = String((await call(technician, `/api/lab/results/${resultId}/investigate`))["id"]);
  const base = `/api/lab/investigations/${id}`;
  const found = "The electrode had dried out";
  await call(technician, `${base}/assess`, 1, { checklist: inOrder, cause: "laboratory-error", causeText: found });
  await call(admin, `${base}/plan`, 2, { retests, plan: "New electrode, same preparation, another analyst" });
  await call(reviewer, `${base}/decide`, 3, { approved: true });
  return {
    id,
    conclude: () =>
      call(reviewer, `${base}/conclude`, 4, { conclusion: "laboratory-error", text: found, capa: "CAPA-17" }),
  };
}
