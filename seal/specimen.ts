import { PDF } from "@libpdf/core";
import type { Sealer } from "./sealer.ts";

const keptMs = 3_600_000;

/**
 * A document that says nothing but how it is sealed: for trying one's own reader on, and for proving the seal from outside.
 * Made anew at most once an hour, so that asking for it costs an authority nothing.
 */
export function specimenOf(sealer: Sealer): () => Promise<Uint8Array> {
  let kept: { readonly until: number; readonly pdf: Promise<Uint8Array> } | undefined;
  return () => {
    if (kept === undefined || kept.until < Date.now()) {
      const pdf = make(sealer);
      kept = { until: Date.now() + keptMs, pdf };
      // What failed is tried again by the next who asks.
      pdf.catch(() => {
        kept = undefined;
      });
    }
    return kept.pdf;
  };
}

async function make(sealer: Sealer): Promise<Uint8Array> {
  const { fingerprint, subject, selfSigned, notAfter } = sealer.status();
  const document = PDF.create();
  document.setTitle("Specimen of a seal");
  document.setLanguage("en");
  const page = document.addPage({ size: "a4" });
  const lines: readonly (readonly [text: string, size: number])[] = [
    ["Specimen of a seal", 20],
    [`Sealed by ${sealer.name}`, 11],
    [`Certificate: ${subject}, valid until ${notAfter.slice(0, 10)}`, 11],
    ["SHA-256 fingerprint of the certificate:", 11],
    [fingerprint.slice(0, 48), 9],
    [fingerprint.slice(48), 9],
    [
      selfSigned
        ? "Self-signed: a reader will not trust this without our root."
        : "Issued by an authority: a reader that knows it will trust this.",
      11,
    ],
    [`Check this file, offline, at ${sealer.verifyUrl}`, 11],
  ];
  let y = 760;
  for (const [text, size] of lines) {
    page.drawText(text, { x: 56, y, size });
    y -= size + 12;
  }
  const sealed = await sealer.seal(await document.save(), {
    reason: "Specimen of this instance's seal",
    at: new Date(),
    attachments: [
      {
        name: "seal.json",
        mediaType: "application/json",
        description: "The seal's certificate in words",
        bytes: Buffer.from(JSON.stringify({ fingerprint, subject, selfSigned, notAfter }, null, 2)),
      },
    ],
  });
  return sealed.pdf;
}
