import { sealPdf } from "@probity/seal";
import { testPdf, testSigner } from "@probity/seal/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { nodeProvider } from "./node.ts";
import { fingerprintOf } from "./pdf-certificate.ts";
import { verifyPdf } from "./pdf.ts";
import { bundleLines, bundleText, proofOfLeaf, TestLog } from "./testing/bundle-maker.ts";

const signer = testSigner();
let plain: Buffer;
let sealed: Buffer;
let range: number[];

beforeAll(async () => {
  plain = Buffer.from(await testPdf());
  const attachments = [
    {
      name: "record.json",
      mediaType: "application/json",
      description: "",
      bytes: Buffer.from('{"pH":"7.24"}'.repeat(80)),
    },
  ];
  const made = await sealPdf(plain, {
    signer,
    name: "Test",
    reason: "Seal",
    at: new Date(),
    certify: true,
    attachments,
  });
  sealed = Buffer.from(made.pdf);
  range = rangeOf(sealed);
});

function rangeOf(bytes: Buffer): number[] {
  return (/\/ByteRange\s*\[([\d\s]+)\]/.exec(bytes.toString("latin1"))?.[1] ?? "").trim().split(/\s+/).map(Number);
}

/** The same file with another ByteRange, in the room of the first. */
function withRange(text: string): Buffer {
  const written = /\/ByteRange\s*\[([\d\s]+)\]/.exec(sealed.toString("latin1"));
  const inner = written?.[1] ?? "";
  const at = (written?.index ?? 0) + (written?.[0].indexOf("[") ?? 0) + 1;
  const changed = Buffer.from(sealed);
  changed.write(text.padEnd(inner.length), at, "latin1");
  return changed;
}

/** An update appended as a PDF editor would: objects, table, trailer. */
function append(bytes: Buffer, objects: Readonly<Record<number, string>>, trailer = ""): Buffer {
  const text = bytes.toString("latin1");
  const previous = Number(/startxref\s+(\d+)\s+%%EOF\s*$/.exec(text)?.[1]);
  const root = /\/Root\s+(\d+ \d+ R)/.exec(text)?.[1];
  const highest = Math.max(
    ...Object.keys(objects).map(Number),
    ...[...text.matchAll(/\/Size (\d+)/g)].map((m) => Number(m[1])),
  );
  let body = "\n";
  let table = "xref\n0 1\n0000000000 65535 f \n";
  for (const [number, value] of Object.entries(objects)) {
    table += `${number} 1\n${String(bytes.length + body.length).padStart(10, "0")} 00000 n \n`;
    body += `${number} 0 obj\n${value}\nendobj\n`;
  }
  const start = bytes.length + body.length;
  return Buffer.concat([
    bytes,
    Buffer.from(
      `${body}${table}trailer\n<< /Size ${highest + 1} /Root ${root} /Prev ${previous} ${trailer}>>\nstartxref\n${start}\n%%EOF\n`,
      "latin1",
    ),
  ]);
}

/** The number and text of the last object that matches. */
function objectLike(bytes: Buffer, pattern: RegExp): { number: number; value: string } {
  const found = [...bytes.toString("latin1").matchAll(/(\d+) 0 obj\s([\s\S]*?)\sendobj/g)].filter((m) =>
    pattern.test(m[2] ?? ""),
  );
  return { number: Number(found.at(-1)?.[1]), value: found.at(-1)?.[2] ?? "" };
}

describe("SIG-03 a sealed PDF is verified with nothing but its bytes", () => {
  test("a good one: what was checked, what was not, and what is attached", async () => {
    const found = await verifyPdf(sealed);
    expect(found.outcome).toBe("VERIFIED");
    expect(found.signatures).toHaveLength(1);
    expect(found.signatures[0]).toMatchObject({
      holds: true,
      coversWholeFile: true,
      isSelfSigned: true,
      trust: "unknown",
    });
    expect(Buffer.from(found.attachments[0]?.bytes ?? []).toString()).toBe('{"pH":"7.24"}'.repeat(80));
    expect(found.notChecked.join(" ")).toContain("self-signed");
    expect(found.sentence).toContain("its certificate is not one you named");
  });

  test("the reader's own fingerprint is what makes it trusted", async () => {
    const own = await verifyPdf(sealed, { fingerprints: [await fingerprintOf(signer.certificate)] });
    expect([own.outcome, own.signatures[0]?.trust]).toEqual(["VERIFIED", "pinned"]);
    const other = await verifyPdf(sealed, { fingerprints: ["00".repeat(32)] });
    expect(other.outcome).toBe("NOTHING_VERIFIED");
  });

  test("a file without a seal is not called verified", async () => {
    expect((await verifyPdf(plain)).outcome).toBe("NOTHING_VERIFIED");
    expect((await verifyPdf(Buffer.from("%PDF-1.7 /ByteRange"))).outcome).toBe("TAMPERED");
  });

  test("one flipped bit anywhere is found", async () => {
    const [, before = 0, after = 0] = range;
    const hole = [before + 9, before + 400];
    const places = Array.from({ length: 60 }, (_, index) => Math.floor((index * sealed.length) / 60));
    for (const at of [0, ...hole, before, after - 1, sealed.length - 2, ...places]) {
      // The zeros that fill the hole are looked at below.
      if (at > before + 4000 && at < after) continue;
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect([at, (await verifyPdf(changed)).outcome]).not.toEqual([at, "VERIFIED"]);
    }
  });

  test("one ByteRange missing", async () => {
    const [, before = 0] = range;
    expect((await verifyPdf(withRange(`0 ${before}`))).outcome).toBe("TAMPERED");
  });

  test("a gap larger than the signature", async () => {
    const [, before = 0, after = 0] = range;
    const found = await verifyPdf(withRange(`0 ${before - 20} ${after} ${sealed.length - after}`));
    expect([found.outcome, found.sentence]).toEqual([
      "TAMPERED",
      "The signature leaves out more of the file than its own value.",
    ]);
  });

  test("a tail that is not covered", async () => {
    const [, before = 0, after = 0, rest = 0] = range;
    const short = await verifyPdf(withRange(`0 ${before} ${after} ${rest - 6}`));
    expect([short.outcome, short.sentence]).toEqual(["TAMPERED", "The signature ends in the middle of a revision."]);
    expect((await verifyPdf(Buffer.concat([sealed, Buffer.from("% a remark\n")]))).outcome).toBe("TAMPERED");
  });

  test("weird ByteRanges", async () => {
    const [, before = 0, after = 0, rest = 0] = range;
    const places = /don’t lie in the file one behind the other|does not state the two stretches|leaves out more/;
    for (const text of [
      `1 ${before - 1} ${after} ${rest}`,
      `1 ${before} ${after} ${rest}`,
      `0 ${before} ${before} ${rest}`,
      `0 ${after} ${before} ${rest}`,
      `0 ${before} ${after} 99999999`,
      `0 ${before}.5 ${after} ${rest}`,
      `0 ${before} ${after} ${rest} 0 0`,
      "",
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const found = await verifyPdf(withRange(text));
      expect([text, found.outcome]).toEqual([text, "TAMPERED"]);
      // Refused for its shape, before any digest is looked at.
      expect([text, found.sentence]).toEqual([text, expect.stringMatching(places)]);
    }
  });

  test("something hidden behind the signature's value, or between its digits", async () => {
    const [, before = 0, after = 0] = range;
    for (const [at, text] of [
      [after - 9, "41"],
      [after - 9, "  "],
    ] as const) {
      const changed = Buffer.from(sealed);
      changed.write(text, at, "latin1");
      // oxlint-disable-next-line no-await-in-loop -- two
      expect((await verifyPdf(changed)).outcome).toBe("TAMPERED");
    }
    expect(after - before).toBeGreaterThan(4000);
  });

  test("modified after the signature: page, its text, catalogue, attachment", async () => {
    const page = objectLike(sealed, /\/Type \/Page\b/);
    const root = objectLike(sealed, /\/Type \/Catalog/);
    const content = objectLike(sealed, /stream/);
    const size = Number(/\/Size (\d+)/.exec(sealed.toString("latin1"))?.[1]) + 40;
    const hostile: Record<number, string>[] = [
      { [page.number]: page.value.replace("/MediaBox", "/Rotate 90 /MediaBox") },
      { [content.number]: "<< /Length 3 >>\nstream\nBT \nendstream" },
      {
        [root.number]: root.value.replace("/Type /Catalog", `/Type /Catalog /OpenAction ${size} 0 R`),
        [size]: "<< /S /JavaScript >>",
      },
      {
        [root.number]: root.value.replace(/\/Names \d+ 0 R|\/Pages \d+ 0 R/, `/Pages ${size} 0 R`),
        [size]: page.value,
      },
      { 0: "null", [content.number]: "null" },
    ];
    const form = objectLike(sealed, /\/Fields \[/);
    const [field, script] = [size + 1, `<< /S /JavaScript /JS (app.alert\\(1\\)) >>`];
    for (const more of [
      `/AA << /C ${script} >>`,
      `/AP << /N ${content.number} 0 R >>`,
      "/Rect [0 0 600 800]",
      "/FT /Tx",
    ]) {
      const value = `<< /FT /Sig /T (Seal9) /Type /Annot /Subtype /Widget ${more} >>`.replace(
        "/FT /Sig /T (Seal9) /Type /Annot /Subtype /Widget /FT",
        "/T (Seal9) /FT",
      );
      hostile.push({
        [form.number]: form.value.replace("/Fields [", "/Fields [").replace("]", ` ${field} 0 R]`),
        [field]: value,
      });
    }
    for (const objects of hostile) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const found = await verifyPdf(append(sealed, objects));
      expect([objects, found.outcome]).toEqual([objects, "TAMPERED"]);
      expect(found.signatures[0]?.holds).toBe(true);
    }
  });

  test("a further field for a signature that shows nothing is allowed; another generation and other metadata are not", async () => {
    const form = objectLike(sealed, /\/Fields \[/);
    const page = objectLike(sealed, /\/Type \/Page\b/);
    const fields = form.value.replace("]", " 950 0 R]");
    const field = "<< /FT /Sig /T (Seal9) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] >>";
    const grown = append(sealed, { [form.number]: fields, 950: field });
    expect([form.value, (await verifyPdf(grown)).sentence]).toEqual([
      form.value,
      expect.stringContaining("Nothing in this file"),
    ]);
    expect((await verifyPdf(append(sealed, { 950: "<< /Title (Other) >>" }, "/Info 950 0 R "))).outcome).toBe(
      "TAMPERED",
    );
    const generation = append(sealed, { [page.number]: page.value }).toString("latin1");
    const at = sealed.length;
    const other = `${generation.slice(0, at)}${generation.slice(at).replace(`${page.number} 0 obj`, `${page.number} 1 obj`).replace(" 00000 n", " 00001 n")}`;
    expect((await verifyPdf(Buffer.from(other, "latin1"))).outcome).toBe("TAMPERED");
  });

  test("a file made to be slow is given up on", async () => {
    const heavy = Buffer.concat([sealed, Buffer.from("\n1 0 obj (".repeat(200_000))]);
    const start = performance.now();
    expect((await verifyPdf(heavy)).outcome).toBe("TAMPERED");
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test("another catalogue, and tables that point into a stream", async () => {
    const root = objectLike(sealed, /\/Type \/Catalog/);
    const other = append(sealed, { 900: root.value });
    const exchanged = Buffer.from(
      other.toString("latin1").replace(/\/Root \d+ 0 R(?![\s\S]*\/Root )/, "/Root 900 0 R"),
      "latin1",
    );
    expect((await verifyPdf(exchanged)).outcome).toBe("TAMPERED");
    const inner = "2 0 obj << /Type /Page /Rotate 90 >> endobj";
    const harmless = append(sealed, { 901: `<< /Length ${inner.length} >>\nstream\n${inner}\nendstream` });
    expect((await verifyPdf(harmless)).outcome).toBe("VERIFIED");
    const start = harmless.indexOf("2 0 obj << /Type /Page /Rotate", sealed.length, "latin1");
    const pointing = harmless.toString("latin1").replace(/901 1\n\d{10}/, `2 1\n${String(start).padStart(10, "0")}`);
    expect((await verifyPdf(Buffer.from(pointing, "latin1"))).outcome).toBe("TAMPERED");
  });

  test("proofs that are attached are judged by their own rules, and the worst counts", async () => {
    const log = new TestLog();
    log.grow(5);
    const proof = proofOfLeaf(log, 3);
    const erased = new TestLog();
    erased.grow(2);
    erased.erase(1, ["title"]);
    const files = {
      good: JSON.stringify(proof),
      bad: JSON.stringify({ ...proof, proof: log.inclusion(2) }),
      incomplete: bundleText(bundleLines(log).slice(0, -1)),
      erased: bundleText(bundleLines(erased)),
      text: "hello",
    };
    const attached = async (...names: (keyof typeof files)[]) => {
      const attachments = names.map((name) => ({
        name,
        mediaType: "application/json",
        description: "",
        bytes: Buffer.from(files[name]),
      }));
      const { pdf } = await sealPdf(plain, {
        signer,
        name: "T",
        reason: "R",
        at: new Date(),
        certify: true,
        attachments,
      });
      return verifyPdf(pdf, { verify: { provider: nodeProvider } });
    };
    const good = await attached("good", "text");
    expect([good.outcome, good.seal, good.proofs.map(({ name }) => name), good.attachments.length]).toEqual([
      "VERIFIED",
      "VERIFIED",
      ["good"],
      2,
    ]);
    expect([
      good.checked.some((each) => each.includes("attached proofs")),
      good.notChecked.some((each) => each.includes("no proofs mean")),
    ]).toEqual([true, true]);
    expect((await attached("good")).notChecked.some((each) => each.includes("no proofs mean"))).toBe(false);
    const bad = await attached("good", "bad");
    expect([bad.outcome, bad.seal]).toEqual(["TAMPERED", "VERIFIED"]);
    expect(bad.sentence).toContain("But the attached bad does not hold.");
    expect((await attached("good", "incomplete")).outcome).toBe("INCOMPLETE");
    expect((await attached("good", "erased")).outcome).toBe("VERIFIED_WITH_ERASURES");
    const none = await attached("text");
    expect([none.outcome, none.proofs, none.checked.some((each) => each.includes("attached proofs"))]).toEqual([
      "VERIFIED",
      [],
      false,
    ]);
  });

  test("a stranger's seal over changes does not make them good", async () => {
    const page = objectLike(sealed, /\/Type \/Page\b/);
    const changed = append(sealed, { [page.number]: page.value.replace("/MediaBox", "/Rotate 90 /MediaBox") });
    const resealed = await sealPdf(changed, { signer: testSigner("Stranger"), name: "S", reason: "R", at: new Date() });
    const found = await verifyPdf(resealed.pdf);
    expect(found.signatures.map(({ holds }) => holds)).toEqual([true, true]);
    expect(found.outcome).toBe("TAMPERED");
  });
});
