import { createHash, X509Certificate } from "node:crypto";
import { canonicalText } from "@probity/kernel";
import {
  ed25519Type,
  fromBase64,
  parseCheckpoint,
  parseNote,
  verifyFile,
  vkeyText,
  type VerifyOptions,
} from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { verifyPdf } from "@probity/verify/pdf";
import { defineControl, type ProbeContext } from "../control.ts";
import { listOf, recordOf, type ProbeHttp } from "../http.ts";
import { said } from "./browser.ts";
import { certifying, contentOf, type Certificate, type Certifying } from "./lab-certified.ts";
import { contactOf, giveTo } from "./lab-portal.ts";
import { inLab, type LabWorld } from "./lab-world.ts";
import { allOf } from "./outcome.ts";

const ofId = (id: string) => `/api/lab/certificates/${id}`;

/** Runs with the sample whose first value was out of specification; it belongs to a customer from its registration on. */
function withCertified<T>(
  context: ProbeContext,
  run: (world: LabWorld, by: Certifying, sample: string) => Promise<T>,
): Promise<T> {
  return inLab(context, async (world) => {
    const sample = await world.sample("certified");
    const { attempt, state } = await world.result(sample);
    if (attempt === 1 && state === "open") {
      const { id, browser } = await contactOf(context, world, "PROBE-A");
      await giveTo(world, sample, id);
      await browser.call("DELETE", "/api/session");
    }
    return run(world, await certifying(world), sample);
  });
}

/** A fresh draft of what will supersede the certificate that stands; discarded again, whatever is found of it. */
async function withDraft<T>(by: Certifying, sample: string, run: (id: string, current: Certificate) => Promise<T>) {
  const [current] = await by.issued(sample);
  for (const left of await by.of(sample)) if (left.standing === "draft") await by.discard(left.id);
  const made = await by.draft(sample);
  if (made.status !== 201) throw new Error(`preparing an amendment got ${said(made)}`);
  const id = String(made.body["id"]);
  try {
    return await run(id, current);
  } finally {
    await by.discard(id);
  }
}

/** A draft of a sample that was opened and changed since; one left by an earlier round serves again. */
async function outdated(world: LabWorld, by: Certifying): Promise<string> {
  const sample = await world.sample("outdated");
  const left = (await by.of(sample)).find((each) => each.standing === "draft");
  if (left === undefined) await by.tell(sample);
  const id = left?.id ?? String((await by.draft(sample)).body["id"]);
  if ((await world.state(sample)) === "published") await by.reopen(sample);
  return id;
}

/** The published keys of seal and log, by which a certificate is verified away from the instance. */
async function published(http: ProbeHttp, proof: unknown) {
  const seal = await http("GET", "/.well-known/probity-seal.pem");
  const log = await http("GET", "/.well-known/probity-log-keys");
  const note = String(recordOf(proof)["checkpoint"]);
  const key = fromBase64(String(log.body["publicKey"]));
  const { origin } = note.includes("\n\n") ? parseCheckpoint(parseNote(note).text) : { origin: undefined };
  const keys = key && origin !== undefined ? [compute(vkeyText(origin, ed25519Type, key))] : [];
  const verify: VerifyOptions = { provider: nodeProvider, keys };
  return { fingerprints: [new X509Certificate(seal.text).fingerprint256], verify };
}

/** Both files of a certificate, what the data says, and the hash of what was signed. */
async function filesOf({ owner }: LabWorld, http: ProbeHttp, id: string) {
  const pdf = await owner.call("GET", `${ofId(id)}/pdf`);
  const json = await owner.call("GET", `${ofId(id)}/json`);
  const record = recordOf(json.body["record"]);
  const [proof] = listOf(json.body["proofs"]);
  return {
    pdf,
    json,
    record,
    proof,
    hash: hashOf(record),
    signed: String(listOf(json.body["signatures"])[0]?.["recordHash"]),
    keys: await published(http, proof),
  };
}
const hashOf = (record: unknown) => createHash("sha256").update(canonicalText(record)).digest("hex");

/** The link of a delivery is told once: this process keeps the one it made, and each certificate is delivered to one recipient. */
const links = new WeakMap<ProbeContext["kernel"], { readonly id: string; readonly token: string }>();
async function linkTo({ kernel }: ProbeContext, { second }: LabWorld, id: string): Promise<string> {
  const kept = links.get(kernel);
  if (kept?.id === id) return kept.token;
  const body = { recipient: "Probe", email: "probe-f-link@probe.invalid", days: 2 };
  const made = await second.call("POST", `${ofId(id)}/deliveries`, body);
  if (made.status !== 201) throw new Error(`delivering a certificate got ${said(made)}`);
  const token = String(made.body["url"]).split("/").at(-1) ?? "";
  links.set(kernel, { id, token });
  return token;
}

export const certificateOfAnalysis = defineControl({
  id: "LAB-05",
  standards: ["ISO/IEC 17025:2017 7.8", "EU GMP 6.17", "21 CFR 211.194(a)", "21 CFR 11.10(b)", "21 CFR 11.70"],
  yourPart:
    "Let somebody certify who knows the product, and give your customers the fingerprint of the seal by another way.",
  notProbed: [],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "tells-what-was-found",
      kind: "scratch",
      title: "A certificate tells the original result beside the retest, and nothing that isn't published is certified",
      run: (context) =>
        withCertified(context, ({ owner, result }, by, sample) =>
          withDraft(by, sample, async (id, current) => {
            const found = contentOf((await owner.call("GET", ofId(id))).body);
            const now = await result(sample);
            const [line] = found.lines;
            return allOf("8.1 is told as out of specification beside what counts, with its investigation", [
              [found.repeated.some((each) => each["entered"] === "8.1"), "the original result is left out"],
              [
                found.repeated.every((each) => each["verdict"] === "out"),
                "a result out of specification is told as another",
              ],
              [found.investigations.some((each) => each["original"] === "8.1"), "its investigation is left out"],
              [
                found.entered.length === 1 && found.entered[0] === now.text && found.lines.length === 1,
                "other results are told than those of the sample",
              ],
              [
                line?.["entered"] === now.text && line["verdict"] === "in" && line["limit"] === "5.0–7.0",
                "conformity is told otherwise than it was determined",
              ],
              [found.amends["number"] === current.number, "the amendment doesn't name what it supersedes"],
            ]);
          }),
        ),
      negative: (context) =>
        withCertified(context, async (world, by, sample) => {
          const { technician, second, certifier } = world;
          const untold = await world.sample("uncertified");
          const early = await second.call("POST", `/api/lab/samples/${untold}/certificates`, {});
          const late = await by.sign(certifier, await outdated(world, by));
          const [current, superseded] = await by.issued(sample);
          const beside = await second.call("POST", `/api/lab/samples/${sample}/certificates`, {});
          const silent = await second.call("POST", `${ofId(current.id)}/amend`, { reason: " " });
          const again = await second.call("POST", `${ofId(superseded.id)}/amend`, { reason: "Planted" });
          return withDraft(by, sample, async (id) => {
            const low = await by.sign(technician, id);
            const own = await by.sign(second, id);
            const unsealed = await second.call("POST", `${ofId(id)}/seal`);
            return allOf(
              "nothing was certified that wasn't published, was changed since, or stands certified; nor by who may not",
              [
                [
                  early.body["code"] === "lab.certificate_not_published",
                  `certifying what isn't published got ${said(early)}`,
                ],
                [late.body["code"] === "lab.certificate_outdated", `signing over a changed result got ${said(late)}`],
                [beside.status === 409, `a second certificate beside the first got ${said(beside)}`],
                [silent.status === 400, `an amendment without a reason got ${said(silent)}`],
                [again.status === 409, `amending what was superseded got ${said(again)}`],
                [low.status === 403, `a technician's signature got ${said(low)}`],
                [own.status === 403, `the signature of who alone verified got ${said(own)}`],
                [unsealed.status === 409, `sealing a draft got ${said(unsealed)}`],
              ],
            );
          });
        }),
    },
    {
      id: "sealed-and-superseded",
      kind: "scratch",
      title: "A certificate verifies offline by the published keys, and one that was superseded says so",
      run: (context) =>
        withCertified(context, async (world, by, sample) => {
          const [current, superseded] = await by.issued(sample);
          const { pdf, json, record, proof, hash, signed, keys } = await filesOf(world, context.http, current.id);
          const report = await verifyPdf(pdf.bytes ?? Buffer.alloc(0), keys);
          const proved = await verifyFile([Buffer.from(JSON.stringify(proof))], keys.verify);
          const inside = report.attachments.find((each) => each.name === `${current.number}.json`);
          const before = await world.owner.call("GET", ofId(superseded.id));
          const file = await world.owner.call("GET", `${ofId(superseded.id)}/pdf`);
          const old = await verifyPdf(file.bytes ?? Buffer.alloc(0), keys);
          return allOf(
            "sealed, signed and proved by the log; the one before still verifies, and says what superseded it",
            [
              [
                report.outcome === "VERIFIED" && report.proofs.length > 0,
                `the file of a certificate is not what was sealed: ${report.sentence}`,
              ],
              [
                inside !== undefined && Buffer.from(inside.bytes).equals(json.bytes ?? Buffer.alloc(0)),
                "the data inside the certificate is other than the data beside it",
              ],
              [hash === signed && record["row"] === current.id, "what was signed is other than what the data says"],
              [
                proved.outcome === "VERIFIED" && JSON.stringify(proof).includes(hash),
                "the log doesn't prove the certificate's signature",
              ],
              [
                contentOf(record).amends["number"] === superseded.number,
                "the certificate doesn't say what it supersedes",
              ],
              [
                before.body["standing"] === "superseded" && before.body["supersededBy"] === current.number,
                `a superseded certificate is shown as ${String(before.body["standing"])}`,
              ],
              [
                file.headers.get("content-disposition")?.includes("-superseded.pdf") === true &&
                  old.outcome === "VERIFIED",
                "the superseded file doesn't say so, or isn't what was sealed",
              ],
            ],
          );
        }),
      negative: (context) =>
        withCertified(context, async (world, by, sample) => {
          const [current] = await by.issued(sample);
          const { pdf, json, proof, signed, keys } = await filesOf(world, context.http, current.id);
          const bytes = pdf.bytes ?? Buffer.alloc(0);
          const turned = await Promise.all(
            [20, bytes.length >> 1, bytes.length - 200].map(async (at) => {
              const changed = Buffer.from(bytes);
              changed[at] = (changed[at] ?? 0) ^ 1;
              return (await verifyPdf(changed, keys)).outcome;
            }),
          );
          const added = await verifyPdf(
            Buffer.concat([bytes, Buffer.from("1 0 obj\n<< /Type /Catalog >>\nendobj\n")]),
            keys,
          );
          // The value that was out of specification, told as another, with the proof bent to it.
          const lie = json.text.replaceAll('"8.1"', '"6.8"');
          const bent = hashOf(recordOf(recordOf(JSON.parse(lie))["record"]));
          const forged = await verifyFile([Buffer.from(JSON.stringify(proof).replaceAll(signed, bent))], keys.verify);
          return allOf("a turned bit, bytes added at the end and another original result were each told", [
            [turned.length === 3 && turned.every((each) => each === "TAMPERED"), "a changed certificate wasn't told"],
            [added.outcome === "TAMPERED", "bytes added to a certificate weren't told"],
            [lie !== json.text && bent !== signed, "the data doesn't hold the original result, or its hash doesn't"],
            [forged.outcome !== "VERIFIED", "a proof bent to other data was taken for one"],
          ]);
        }),
    },
    {
      id: "whose-it-is",
      kind: "scratch",
      title: "A certificate is opened by its customer and by the link of its recipient, and by no other",
      run: (context) =>
        withCertified(context, async (world, by, sample) => {
          const [current] = await by.issued(sample);
          const { browser } = await contactOf(context, world, "PROBE-A");
          const own = await browser.call("GET", `/api/lab/portal/certificates/${current.id}/json`);
          const link = `/api/lab/delivered/${await linkTo(context, world, current.id)}`;
          const [page, file] = [await context.http("GET", link), await context.http("GET", `${link}/json`)];
          await browser.call("DELETE", "/api/session");
          return allOf("its customer and its recipient opened the same bytes", [
            [own.status === 200, `its customer got ${said(own)}`],
            [page.status === 200 && page.body["number"] === current.number, `its recipient got ${said(page)}`],
            [file.status === 200 && file.text === own.text, "the recipient's file is another than the customer's"],
          ]);
        }),
      negative: (context) =>
        withCertified(context, async (world, by, sample) => {
          const [current, superseded] = await by.issued(sample);
          const { browser } = await contactOf(context, world, "PROBE-B");
          const other = await browser.call("GET", `/api/lab/portal/certificates/${current.id}/pdf`);
          const inner = await browser.call("GET", `${ofId(current.id)}/pdf`);
          await browser.call("DELETE", "/api/session");
          const token = await linkTo(context, world, current.id);
          const guessed = `${token.slice(0, -3)}${token.endsWith("AAA") ? "BBB" : "AAA"}`;
          const near = await context.http("GET", `/api/lab/delivered/${guessed}/pdf`);
          const wider = await Promise.all(
            [ofId(superseded.id), `${ofId(current.id)}/pdf`, "/api/lab/certificates"].map((path) =>
              context.http("GET", path, { headers: { authorization: `Bearer ${token}` } }),
            ),
          );
          const delivery = { recipient: "Planted", email: "probe-f-planted@probe.invalid", days: 1 };
          const sent = await world.technician.call("POST", `${ofId(current.id)}/deliveries`, delivery);
          return allOf("another customer, another link and whoever may not send got nothing", [
            [other.status === 404, `another customer's contact got ${said(other)}`],
            [inner.status === 403, `a customer at the laboratory's own address got ${said(inner)}`],
            [near.status === 401, `a guessed link got ${said(near)}`],
            ...wider.map((each) => [each.status === 401, `a link taken for a key got ${said(each)}`] as const),
            [sent.status === 403, `a technician's delivery got ${said(sent)}`],
          ]);
        }),
    },
  ],
});
