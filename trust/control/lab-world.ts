import type { ProbeContext } from "../control.ts";
import { listOf, type ProbeAnswer } from "../http.ts";
import { said } from "./browser.ts";
import { signingPeople, type ProbeSigner, type SigningWorld } from "./signing-world.ts";

const verified = "Verified: results, calculations and raw data were reviewed and agree with the method";

/** A result as a sample shows it. */
export type LabResult = {
  readonly id: string;
  readonly version: number;
  readonly text: string;
  readonly state: string;
  readonly attempt: number;
};

/**
 * A small laboratory in the workspace of signatures. The technician enters, the second person verifies; both hold their lab
 * role by their place in the workspace.
 */
export type LabWorld = {
  readonly workspace: string;
  readonly technician: ProbeSigner;
  readonly second: ProbeSigner;
  readonly owner: ProbeSigner;
  /** Enters and verifies nothing here. */
  readonly certifier: ProbeSigner;
  /**
   * A received sample with one pH to determine, limits 5.0–7.0. The one of that name from an earlier round serves again, so that
   * probing all year fills no list; one that grew a long history is left for a new one.
   */
  sample(name: string, kind?: "plain" | "gated"): Promise<string>;
  state(sample: string): Promise<string>;
  /** Its newest determination. */
  result(sample: string): Promise<LabResult>;
  enter(person: ProbeSigner, sample: string, text: string, more?: object): Promise<ProbeAnswer>;
  /** The whole sample's results are listed as they stand, and the list is signed. */
  verify(person: ProbeSigner, sample: string): Promise<ProbeAnswer>;
  unlock(person: ProbeSigner, sample: string, reason: string): Promise<ProbeAnswer>;
  /** The same by who gives no fresh proof. */
  unlockUnproved(person: ProbeSigner, sample: string, reason: string): Promise<ProbeAnswer>;
};

/** Runs in the laboratory; what it needs is laid out over the API once and kept. */
export async function inLab<T>(context: ProbeContext, run: (world: LabWorld) => Promise<T>): Promise<T> {
  const { scratch, people } = await signingPeople(context);
  try {
    return await run(await labOf(scratch.workspace, people));
  } finally {
    for (const person of Object.values(people)) await person.browser.call("DELETE", "/api/session");
  }
}

async function labOf(
  workspace: string,
  { owner, reviewer: technician, approver: second, author: certifier }: SigningWorld["people"],
): Promise<LabWorld> {
  const product = {
    plain: await productOf(owner, "PROBE", {}),
    // Its method asks for somebody trained, and nobody of this workspace ever is.
    gated: await productOf(owner, "PROBE-GATED", { training: true }),
  };
  const found = async (sample: string) => (await technician.call("GET", `/api/lab/samples/${sample}`)).body;
  const result = async (sample: string): Promise<LabResult> => {
    const shown = listOf((await found(sample))["results"]).at(-1) ?? {};
    return {
      id: String(shown["id"]),
      version: Number(shown["version"]),
      text: String(shown["text"]),
      state: String(shown["state"]),
      attempt: Number(shown["attempt"]),
    };
  };
  return {
    workspace,
    owner,
    technician,
    second,
    certifier,
    result,
    state: async (sample) => String((await found(sample))["state"]),
    sample: async (name, kind = "plain") => {
      const lot = `probe-${name}`;
      const listed = await technician.call("GET", `/api/lab/samples?q=${lot}&limit=50`);
      const kept = listOf(listed.body["items"]).find((each) => each["lot"] === lot);
      if (kept !== undefined && Number((await found(String(kept["id"])))["version"]) < 400) return String(kept["id"]);
      const made = await technician.call("POST", "/api/lab/samples", { samples: [{ productId: product[kind], lot }] });
      const id = String(listOf(made.body["items"])[0]?.["id"]);
      const body = { ids: [id], place: "Probe", condition: "intact" };
      const received = await technician.call("POST", "/api/lab/samples/receive", body);
      if (received.status !== 200) throw new Error(`the sample of the probe was not received: ${said(received)}`);
      return id;
    },
    enter: async (person, sample, text, more = {}) => {
      const { id, version } = await result(sample);
      return person.call("POST", "/api/lab/results/save", { rows: [{ id, version, text, ...more }] });
    },
    unlock: async (person, sample, reason) => {
      const { version } = await found(sample);
      const headers = { "if-match": `"${Number(version)}"` };
      return person.call("POST", `/api/lab/samples/${sample}/unlock`, { reason }, headers);
    },
    unlockUnproved: async (person, sample, reason) => {
      const headers = { "if-match": `"${Number((await found(sample))["version"])}"` };
      return person.browser.call("POST", `/api/lab/samples/${sample}/unlock`, { reason }, headers);
    },
    verify: async (person, sample) => {
      const { version } = await found(sample);
      const headers = { "if-match": `"${Number(version)}"` };
      const listed = await person.call("POST", `/api/lab/samples/${sample}/verification`, undefined, headers);
      if (listed.status !== 201) return listed;
      const list = `/api/lab/verifications/${String(listed.body["id"])}`;
      const asked = await person.call(
        "POST",
        `${list}/signing/challenge`,
        { step: "verify", meaning: verified },
        { "if-match": `"${Number(listed.body["version"])}"` },
      );
      if (asked.status !== 201) return asked;
      const body = { challenge: asked.body["challenge"], userName: person.email, password: person.password };
      return person.call("POST", `${list}/signatures`, body);
    },
  };
}

/** The product of earlier rounds, or a new one with its method and limits; `needs` is what the method asks beside its analyte. */
async function productOf(owner: ProbeSigner, code: string, needs: object): Promise<string> {
  const listed = await owner.call("GET", "/api/lab/products?limit=50");
  const kept = listOf(listed.body["items"]).find((each) => each["code"] === code);
  if (kept !== undefined) return String(kept["id"]);
  const post = async (path: string, body: object) => {
    const made = await owner.call("POST", path, body);
    if (made.status !== 201) throw new Error(`the laboratory of the probe was not laid out: ${path} ${said(made)}`);
    return String(made.body["id"]);
  };
  const method = await post("/api/lab/methods", { code: `${code}-PH`, title: "pH of the probe" });
  const ph = { key: "ph", name: "pH", unit: "", kind: "number", decimals: 1, rule: "half-up" };
  const definition = { fields: [], analytes: [ph], ...needs };
  await post(`/api/lab/methods/${method}/versions`, { reason: "Probe", definition });
  const product = await post("/api/lab/products", {
    code,
    name: "Water of the probe",
    kind: "water",
    description: null,
  });
  await post("/api/lab/specifications", {
    productId: product,
    code: `${code}-1`,
    title: "Limits of the probe",
    reason: "Probe",
    limits: [{ methodId: method, analyte: "ph", low: "5.0", high: "7.0", compare: "entered" }],
  });
  return product;
}
