import { setTimeout as pause } from "node:timers/promises";
import { listOf, recordOf, type ProbeAnswer } from "../http.ts";
import { said } from "./browser.ts";
import type { LabWorld } from "./lab-world.ts";
import type { ProbeSigner } from "./signing-world.ts";

const certified = "Certified: the results are as determined and verified, and conformity as stated";
const hour = 3_600_000;
/** A certificate is issued anew after so long; between, each round looks at the ones that were. */
const freshHours = 20;
const proofPatience = 30_000;

/** A certificate as the list shows it. */
export type Certificate = { readonly id: string; readonly number: string; readonly standing: string };

/** What the certificates of one sample are made by: every act over the API, by the person whose act it is. */
export type Certifying = {
  /** Those of a sample that were not discarded, newest first. */
  of(sample: string): Promise<Certificate[]>;
  /** Entered, verified and published, whatever of it is still to be done. */
  tell(sample: string): Promise<void>;
  /** The same of a sample whose first value was out of specification: investigated, tested again by plan, and concluded. */
  tellInvestigated(sample: string): Promise<void>;
  /** Opened again, and another value entered. */
  reopen(sample: string): Promise<void>;
  draft(sample: string): Promise<ProbeAnswer>;
  discard(id: string): Promise<ProbeAnswer>;
  sign(person: ProbeSigner, id: string): Promise<ProbeAnswer>;
  /** Two of the sample, of which the second supersedes the first; issued anew where the newest is old. */
  issued(sample: string): Promise<readonly [current: Certificate, superseded: Certificate]>;
};

const must = async (what: string, asked: Promise<ProbeAnswer>): Promise<ProbeAnswer> => {
  const answer = await asked;
  if (answer.status >= 300) throw new Error(`${what} got ${said(answer)}`);
  return answer;
};

/** The certificates of the laboratory of the probes, and what they are made of. */
export async function certifying(world: LabWorld): Promise<Certifying> {
  const { owner, technician, second, certifier, result, state, enter, verify, unlock } = world;
  await requireTemplate(owner);
  const at = async (path: string) => ({ "if-match": `"${Number((await owner.call("GET", path)).body["version"])}"` });
  const of = async (sample: string): Promise<Certificate[]> =>
    listOf((await owner.call("GET", `/api/lab/certificates?sample=${sample}`)).body["items"])
      .map((each) => ({ id: String(each["id"]), number: String(each["number"]), standing: String(each["standing"]) }))
      .filter((each) => each.standing !== "discarded");
  const tell = async (sample: string): Promise<void> => {
    if ((await result(sample)).state === "open") await must("entering", enter(technician, sample, "6.5"));
    if ((await state(sample)) === "tested") await must("verifying", verify(second, sample));
    if ((await state(sample)) === "verified") {
      const path = `/api/lab/samples/${sample}`;
      await must("publishing", second.call("POST", `${path}/publish`, { specificationIds: [] }, await at(path)));
    }
  };
  const tellInvestigated = async (sample: string): Promise<void> => {
    await investigate(world, sample);
    await tell(sample);
  };
  const reopen = async (sample: string): Promise<void> => {
    if ((await state(sample)) === "published") await must("unlocking", unlock(owner, sample, "Probe of an amendment"));
    const text = (await result(sample)).text === "6.6" ? "6.7" : "6.6";
    await must("correcting", enter(technician, sample, text, { reason: "Probe" }));
  };
  const draft = async (sample: string): Promise<ProbeAnswer> => {
    const stands = (await of(sample)).find((each) => each.standing === "current" || each.standing === "reopened");
    return stands === undefined
      ? second.call("POST", `/api/lab/samples/${sample}/certificates`, {})
      : second.call("POST", `/api/lab/certificates/${stands.id}/amend`, { reason: "Probe of an amendment" });
  };
  const discard = async (id: string): Promise<ProbeAnswer> => {
    const path = `/api/lab/certificates/${id}`;
    return second.call("POST", `${path}/discard`, { reason: "Probe" }, await at(path));
  };
  const sign = async (person: ProbeSigner, id: string): Promise<ProbeAnswer> => {
    const path = `/api/lab/certificates/${id}`;
    const body = { step: "certify", meaning: certified };
    const asked = await person.call("POST", `${path}/signing/challenge`, body, await at(path));
    if (asked.status !== 201) return asked;
    return person.call("POST", `${path}/signatures`, {
      challenge: asked.body["challenge"],
      userName: person.email,
      password: person.password,
    });
  };
  const issue = async (sample: string): Promise<void> => {
    const [left] = (await of(sample)).filter((each) => each.standing === "draft");
    if (left !== undefined) await must("discarding a draft", discard(left.id));
    if ((await of(sample)).some((each) => each.standing === "current")) await reopen(sample);
    await tellInvestigated(sample);
    const made = await must("preparing", draft(sample));
    const id = String(made.body["id"]);
    await must("certifying", sign(certifier, id));
    await seal(second, id);
  };
  const issued = async (sample: string): Promise<readonly [Certificate, Certificate]> => {
    const signed = async () => (await of(sample)).filter((each) => each.standing !== "draft");
    for (let left = 3; left > 0; left -= 1) {
      const [current, superseded] = await signed();
      if (current !== undefined && superseded !== undefined && current.standing !== "reopened") {
        const shown = (await owner.call("GET", `/api/lab/certificates/${current.id}`)).body;
        if (listOf(shown["files"]).length < 2) await seal(second, current.id);
        if (Date.now() - Date.parse(String(shown["issuedAt"])) < freshHours * hour) return [current, superseded];
      }
      await issue(sample);
    }
    throw new Error("no certificate supersedes another");
  };
  return { of, tell, tellInvestigated, reopen, draft, discard, sign, issued };
}

/** Four eyes: whoever alone verified doesn't certify. */
async function requireTemplate(owner: ProbeSigner): Promise<void> {
  const path = "/api/lab/certificate-templates";
  const listed = await must("listing templates", owner.call("GET", path));
  if (listOf(listed.body["items"]).some((each) => each["name"] === "Probe")) return;
  const definition = {
    title: "Certificate of analysis",
    laboratory: "Laboratory of the probe",
    address: [],
    columns: ["method", "limit", "verdict"],
    statements: ["It certifies nothing but that this instance certifies as it says."],
    decimalMark: ".",
    zone: "UTC",
    fourEyes: true,
  };
  await must("making a template", owner.call("POST", path, { name: "Probe", reason: "Probe", definition }));
}

/** The one way from a value out of specification to another: every step of it is looked at first, a run may have ended in it. */
async function investigate(world: LabWorld, sample: string): Promise<void> {
  const { technician, second, owner, result, enter } = world;
  const first = await result(sample);
  if (first.attempt === 1 && first.state === "open") await must("entering", enter(technician, sample, "8.1"));
  if (first.attempt === 1) await technician.call("POST", `/api/lab/results/${first.id}/investigate`);
  const listed = await technician.call("GET", `/api/lab/investigations?sampleId=${sample}`);
  const base = `/api/lab/investigations/${String(listOf(listed.body["items"])[0]?.["id"])}`;
  const standing = async () => (await technician.call("GET", base)).body;
  const step = async (person: ProbeSigner, name: string, body: object): Promise<void> => {
    const headers = { "if-match": `"${Number((await standing())["version"])}"` };
    await must(`an investigation's step (${name})`, person.call("POST", `${base}/${name}`, body, headers));
  };
  if ((await standing())["state"] === "concluded") return;
  if ((await standing())["state"] === "phase-1") {
    const questions = listOf((await standing())["questions"]).map((each) => String(each["key"]));
    const checklist = questions.map((question) => ({ question, answer: "in-order", note: "" }));
    await step(technician, "assess", { checklist, cause: "laboratory-error", causeText: "Probe" });
    await step(owner, "plan", { retests: 1, plan: "Probe" });
  }
  if ((await standing())["state"] === "retest-planned") await step(second, "decide", { approved: true });
  if ((await result(sample)).attempt === 1) {
    const { id, version } = await result(sample);
    const body = { reason: "By the approved plan" };
    const again = second.call("POST", `/api/lab/results/${id}/retest`, body, { "if-match": `"${version}"` });
    await must("ordering the retest", again);
  }
  if ((await result(sample)).state === "open") await must("entering the retest", enter(technician, sample, "6.4"));
  await step(second, "conclude", { conclusion: "laboratory-error", text: "Probe", noCapa: "Probe" });
}

/** The proof waits for the log's checkpoint, a second or so. Without one nothing is known of what a certificate carries. */
async function seal(person: ProbeSigner, id: string): Promise<void> {
  const end = Date.now() + proofPatience;
  for (;;) {
    const sealed = await person.call("POST", `/api/lab/certificates/${id}/seal`);
    if (sealed.status === 200) return;
    if (sealed.body["code"] !== "lab.certificate_unproved") throw new Error(`sealing got ${said(sealed)}`);
    if (Date.now() > end) throw new Error("unknown: the log has signed no checkpoint over the certificate’s signature");
    await pause(250);
  }
}

/** What a certificate says, from whatever carries it. */
export function contentOf(body: Readonly<Record<string, unknown>>) {
  const content = recordOf(body["content"]);
  const results = listOf(content["results"]);
  const lines = listOf(content["evaluations"]).flatMap((each) => listOf(each["lines"]));
  return {
    number: String(content["number"]),
    entered: results.map((each) => String(each["entered"])),
    repeated: results.flatMap((each) => listOf(each["repeated"])),
    investigations: listOf(content["investigations"]),
    lines,
    amends: recordOf(content["amends"]),
  };
}
