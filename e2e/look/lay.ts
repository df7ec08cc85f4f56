import { assessmentQuestions } from "../../apps/lab/actions/investigation-checklist.ts";
import type { Colleague } from "../journey/colleague.ts";

type Row = Record<string, unknown>;

/** The list an answer carries. */
export function rows(answer: Row, name = "items"): Row[] {
  const found = answer[name];
  return Array.isArray(found) ? found.map((each: unknown) => Object.fromEntries(Object.entries(Object(each)))) : [];
}

/** What no sample data can hold, because a person's own proof stands for it: investigations at each point, signed certificates. */
export async function lay(owner: Colleague, reviewer: Colleague): Promise<void> {
  const none = async (list: string) => rows(await owner.call("GET", `/api/lab/${list}`)).length === 0;
  if (await none("certificates?state=superseded")) await certificates(owner, reviewer);
  await gates(owner);
  for (const state of ["phase-1", "retest-planned", "retest-approved", "phase-2", "concluded"]) {
    if (!(await none(`investigations?state=${state}`))) continue;
    await investigations(owner, reviewer);
    break;
  }
}

/** Gates that were decided: one that holds, one that is to come. */
async function gates(owner: Colleague): Promise<void> {
  const settings = rows(await owner.call("GET", "/api/lab/settings"));
  if (settings.some((each) => String(each["name"]).startsWith("gate.") && rows(each, "decided").length > 0)) return;
  const decide = (name: string, required: string, reason: string, more = {}) =>
    owner.call("POST", "/api/lab/settings", { name, value: { required }, reason, ...more });
  await decide(
    "gate.instrument",
    "declared",
    "Balances alone are calibrated by ourselves; the method says where that counts",
  );
  const effectiveAt = new Date(Date.now() + 30 * 86_400_000).toISOString();
  await decide("gate.training", "every", "Audit finding 2026-04: training was not looked at", { effectiveAt });
}

/** One certificate in force and sent, one superseded by its amendment; a draft stays. */
async function certificates(owner: Colleague, reviewer: Colleague): Promise<void> {
  const [first] = rows(await owner.call("GET", "/api/lab/certificates?state=draft"));
  if (first === undefined) return;
  await sign(reviewer, `/api/lab/certificates/${String(first["id"])}`);
  const amended = await owner.call("POST", `/api/lab/certificates/${String(first["id"])}/amend`, {
    reason: "The customer's order number was missing",
  });
  const one = `/api/lab/certificates/${String(amended["id"])}`;
  await sign(reviewer, one);
  const to = { recipient: "Mette Holm", email: "quality@nordlys.example", days: 14 };
  await owner.call("POST", `${one}/deliveries`, to);
}

async function sign(by: Colleague, one: string): Promise<void> {
  const view = await by.call("GET", `${one}/signing`);
  const [step] = rows(view, "steps");
  const meanings = step?.["meanings"];
  const body = {
    step: step?.["id"],
    meaning: Array.isArray(meanings) ? String(meanings[0]) : "",
    ...(step?.["reason"] === "none" ? {} : { reasonCode: null, reason: "As agreed" }),
  };
  const { challenge } = await by.call("POST", `${one}/signing/challenge`, body, Number(view["version"]));
  await by.call("POST", `${one}/signatures`, { challenge, userName: by.email, password: by.password });
  await by.call("POST", `${one}/seal`);
}

const inOrder = assessmentQuestions.map(({ key }) => ({ question: key, answer: "in-order", note: "" }));
const error = {
  checklist: inOrder,
  cause: "laboratory-error",
  causeText: "The electrode had dried out over the weekend",
};
const nothing = {
  checklist: inOrder.map((each) =>
    each.question === "kept"
      ? { ...each, answer: "not-applicable", note: "The preparation was used up" }
      : each.question === "history"
        ? { ...each, answer: "deviation", note: "Two of the last ten lots lay near the lower limit" }
        : each,
  ),
  cause: "none-found",
  causeText: "Nothing in the laboratory explains the value",
  hypothesis: "Uptake of carbon dioxide while filling; a bottle opened under nitrogen is compared",
};
const plan = { retests: 2, plan: "New electrode, a second bottle of the same sample, another analyst" };

/** An investigation at each of its points. */
async function investigations(owner: Colleague, reviewer: Colleague): Promise<void> {
  const product = rows(await owner.call("GET", "/api/lab/products?limit=200")).find(({ code }) => code === "PCM-SYR");
  const lots = ["PCM2711A", "PCM2712A", "PCM2713A", "PCM2714A", "PCM2715A"];
  const made = rows(
    await owner.call("POST", "/api/lab/samples", { samples: lots.map((lot) => ({ productId: product?.["id"], lot })) }),
  );
  const ids = made.map(({ id }) => String(id));
  await owner.call("POST", "/api/lab/samples/receive", { ids, place: "Fridge 2", condition: "intact, 5 °C" });
  const begun: ((act: string, body: unknown, by?: Colleague) => Promise<void>)[] = [];
  for (const id of ids) {
    const ph = rows(await owner.call("GET", `/api/lab/samples/${id}`), "results").find(
      (each) => each["analyte"] === "ph",
    );
    await owner.call("POST", "/api/lab/results/save", {
      rows: [{ id: ph?.["id"], version: ph?.["version"], text: "5.62" }],
    });
    const opened = await owner.call("POST", `/api/lab/results/${String(ph?.["id"])}/investigate`);
    let version = 1;
    begun.push(async (act, body, by = owner) => {
      await by.call("POST", `/api/lab/investigations/${String(opened["id"])}/${act}`, body, version);
      version += 1;
    });
  }
  // The first stays as it was opened.
  const [, planned, approved, second, concluded] = begun;
  await planned?.("assess", error);
  await planned?.("plan", plan);
  await approved?.("assess", error);
  await approved?.("plan", plan);
  await approved?.("decide", { approved: true }, reviewer);
  await second?.("assess", nothing);
  await second?.("widen", { scope: "Batch record, two neighbouring lots and the trend of a year were looked at" });
  await concluded?.("assess", error);
  const told = "The electrode had dried out; the second bottle agrees with the trend of the product";
  await concluded?.("conclude", { conclusion: "laboratory-error", text: told, capa: "CAPA-17" }, reviewer);
}
