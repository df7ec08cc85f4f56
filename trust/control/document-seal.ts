import { createHash, X509Certificate } from "node:crypto";
import { verifyPdf } from "@probity/verify/pdf";
import { defineControl } from "../control.ts";
import type { ProbeHttp } from "../http.ts";
import { allOf } from "./outcome.ts";

const specimenPath = "/api/seal/specimen";
const certificatePath = "/.well-known/probity-seal.pem";

async function sealedSpecimen(http: ProbeHttp): Promise<{ bytes: Buffer; fingerprint: string }> {
  const [specimen, certificate] = [await http("GET", specimenPath), await http("GET", certificatePath)];
  if (specimen.status !== 200 || specimen.bytes === undefined)
    throw new Error(`A sealed document was not handed out: ${specimen.status}`);
  if (certificate.status !== 200) throw new Error(`The seal's certificate was not handed out: ${certificate.status}`);
  return { bytes: specimen.bytes, fingerprint: new X509Certificate(certificate.text).fingerprint256 };
}

/** A copy with one bit of one byte turned. */
function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

export const documentSeal = defineControl({
  id: "SIG-03",
  standards: ["21 CFR 11.10(b)", "21 CFR 11.30", "21 CFR 11.70", "SOC 2 PI1.4", "ISO 27001 A.8.24"],
  yourPart:
    "Compare the certificate's fingerprint with the one its sender gave you by another way. A self-signed seal is trusted by no reader without our root; configure a certificate of an authority your readers know, and a time-stamping authority.",
  notProbed: [
    "signatures in the ledger are given and proved by tests, with a real person's proof of identity",
    "what an authority's certificate is worth",
  ],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "document",
      kind: "read-only",
      title: "A document sealed by this instance verifies with nothing but its bytes, under the published certificate",
      run: async ({ http }) => {
        const { bytes, fingerprint } = await sealedSpecimen(http);
        const found = await verifyPdf(bytes, { fingerprints: [fingerprint] });
        const [seal] = found.signatures;
        const stated = await http("GET", "/api/seal");
        return allOf(
          "a sealed document covers its every byte, was sealed by the published certificate, and holds what is attached",
          [
            [found.outcome === "VERIFIED", found.sentence],
            [seal?.trust === "pinned", "the document was sealed by another certificate than the published one"],
            [found.attachments.length > 0, "nothing is attached to the sealed document"],
            [stated.body["fingerprint"] === fingerprint, "the page states another certificate than the published one"],
            [
              seal?.notAfter !== null && Date.parse(seal?.notAfter ?? "") > Date.now(),
              "the seal's certificate is no longer valid",
            ],
          ],
        );
      },
      negative: async ({ http }) => {
        const { bytes, fingerprint } = await sealedSpecimen(http);
        const places = [20, Math.floor(bytes.length / 3), bytes.length - 40];
        const outcomes = await Promise.all(
          places.map(async (at) => (await verifyPdf(flipped(bytes, at), { fingerprints: [fingerprint] })).outcome),
        );
        const added = Buffer.concat([bytes, Buffer.from("1 0 obj\n<< /Type /Catalog >>\nendobj\n")]);
        const longer = await verifyPdf(added, { fingerprints: [fingerprint] });
        const other = createHash("sha256").update(fingerprint).digest("hex");
        const stranger = await verifyPdf(bytes, { fingerprints: [other] });
        return allOf("one turned bit, bytes added at the end and another certificate were each refused", [
          [outcomes.every((each) => each !== "VERIFIED"), "a document with a turned bit was called verified"],
          [longer.outcome === "TAMPERED", "bytes added after the seal were not refused"],
          [stranger.outcome === "NOTHING_VERIFIED", "a seal by another certificate than the named one was accepted"],
        ]);
      },
    },
  ],
});
