import { setTimeout as pause } from "node:timers/promises";
import {
  base64,
  ed25519Type,
  fromBase64,
  hashesOfTile,
  leafHash,
  parseCheckpoint,
  parseNote,
  tileWidth,
  tilePath,
  utf8,
  verifyProof,
  vkeyText,
  widthOfTile,
} from "@probity/verify";
import { compute, nodeProvider } from "@probity/verify/node";
import { refusal } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { anchorHolding } from "./delivery.ts";
import { allOf, type Check } from "./outcome.ts";

/** How far a signed checkpoint, or an event's place, may be behind before the control says so. */
const lagMilliseconds = 60_000;
const patienceMilliseconds = 30_000;

/** The proof of the scratch workspace's newest event, once a signed checkpoint covers it, with the key the instance publishes. */
async function newestProof({ http, scratch, document }: ProbeContext) {
  await document();
  const key = scratch.a.ownerKey;
  const list = await http("GET", "/api/ledger/events?limit=1", { key });
  const items: unknown[] = Array.isArray(list.body["items"]) ? list.body["items"] : [];
  const seq = String(Object(items[0])["seq"]);
  const deadline = Date.now() + patienceMilliseconds;
  let answer = await http("GET", `/api/ledger/proof/${seq}`, { key });
  while (answer.status === 409 && Date.now() < deadline) {
    await pause(250);
    answer = await http("GET", `/api/ledger/proof/${seq}`, { key });
  }
  const published = await http("GET", "/.well-known/probity-log-keys");
  const publicKey = fromBase64(String(published.body["publicKey"]));
  const name = parseNoteOrigin(String(answer.body["checkpoint"]));
  const vkey = publicKey && name !== undefined ? compute(vkeyText(name, ed25519Type, publicKey)) : undefined;
  return { answer, seq, vkey };
}

function parseNoteOrigin(note: string): string | undefined {
  return note.includes("\n\n") ? parseCheckpoint(parseNote(note).text).origin : undefined;
}

const outcomeOf = async (text: string, vkey: string | undefined) =>
  (await verifyProof(text, { provider: nodeProvider, keys: vkey === undefined ? [] : [vkey] })).outcome;

export const tamperEvidence = defineControl({
  id: "LED-03",
  standards: ["SOC 2 CC7.2", "ISO 27001 A.8.15", "21 CFR 11.10(e)", "HIPAA §164.312(c)(1)"],
  yourPart:
    "Keep a copy of a signed checkpoint outside, and hold the log's key apart from the data (PROBITY_LOG_SIGNER).",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "proof",
      kind: "scratch",
      title: "A fresh event is proved to lie in the signed log, with checkpoint, tile and proof fetched over HTTP",
      run: async (context) => {
        const { http, scratch } = context;
        const key = scratch.a.ownerKey;
        const { answer, seq, vkey } = await newestProof(context);
        const checks: Check[] = [[answer.status === 200, `the proof of event ${seq} was answered ${answer.status}`]];
        if (answer.status === 200) {
          const outcome = await outcomeOf(answer.text, vkey);
          checks.push([outcome === "VERIFIED", `the proof of event ${seq} is ${outcome}`]);
          const index = Math.floor(Number(seq) / tileWidth);
          const { size } = parseCheckpoint(parseNote((await http("GET", "/api/ledger/checkpoint", { key })).text).text);
          const path = tilePath({ level: 0, index, width: widthOfTile(0, index, size) });
          const tile = await http("GET", `/api/ledger/${path}`, { key });
          const hashes = tile.status === 200 ? hashesOfTile(tile.bytes ?? new Uint8Array()) : [];
          const own = compute(leafHash(utf8(String(answer.body["leaf"]))));
          const found = hashes[Number(seq) % tileWidth];
          checks.push([
            found !== undefined && base64(found) === base64(own),
            `${path} was answered ${tile.status} and does not hold the event's hash`,
          ]);
        }
        return allOf("a fresh event was proved by the published key, and its hash stands in its tile", checks);
      },
      negative: async (context) => {
        const { answer, seq, vkey } = await newestProof(context);
        if (answer.status !== 200) return allOf("", [[false, `there was no proof of event ${seq} to falsify`]]);
        const checks: Check[] = [];
        const bundle = answer.body;
        const falsified: Readonly<Record<string, unknown>> = {
          leaf: String(bundle["leaf"]).replace('"outcome":"', '"outcome":"x'),
          proof: flipped(String(bundle["proof"])),
          checkpoint: String(bundle["checkpoint"]).replace(/\S(?=\n$)/, (last) => (last === "=" ? "A" : "=")),
          index: Number(bundle["index"]) + 1,
        };
        for (const [member, value] of Object.entries(falsified)) {
          if (value === bundle[member]) continue;
          const outcome = await outcomeOf(JSON.stringify({ ...bundle, [member]: value }), vkey);
          checks.push([outcome !== "VERIFIED", `a proof with a changed ${member} was taken for ${outcome}`]);
        }
        const theirs = await context.http(
          "GET",
          `/api/ledger/proof/${String(Object(JSON.parse(String(bundle["leaf"])))["id"])}`,
          {
            key: context.scratch.b.ownerKey,
          },
        );
        checks.push([theirs.status === 404, `another workspace was answered ${theirs.status} for this proof`]);
        return allOf(`${checks.length} falsified proofs and a stranger's request were refused`, checks);
      },
    },
    anchorHolding,
    {
      id: "standing",
      kind: "catalogue",
      title: "The log is signed as it grows, and its key is held apart from the data",
      run: ({ database }) =>
        database.attempt("probity_app", async (connection) => {
          const [row] = await connection.query("select * from kernel.ledger_condition()");
          const detail = Object(row?.["detail"] ?? {});
          const oldest = Number(row?.["oldest_ms"] ?? 0);
          const behind = Number(row?.["behind_ms"] ?? 0);
          return allOf("every log is signed as it grows, by a signer apart", [
            [row?.["condition"] === "publishing", `the log's condition is ${String(row?.["condition"])}`],
            [
              oldest < lagMilliseconds,
              `events wait for their place for ${Math.round(oldest / 1000)} s: a transaction is open for long`,
            ],
            [behind < lagMilliseconds, `no signed checkpoint covers what happened ${Math.round(behind / 1000)} s ago`],
            [
              detail["keyBesideData"] === false,
              "key beside data: who copies this server's folder can sign in its name",
            ],
          ]);
        }),
      negative: ({ database }) =>
        database.attempt("probity_app", async (connection) => {
          // What the publisher writes, nobody else may: not even to make the log look well.
          const checks: Check[] = [];
          for (const act of [
            "update kernel.ledger_publisher set condition = 'publishing'",
            "select kernel.ledger_note_condition(1, 'publishing', '{}')",
            "update kernel.ledger_log set size = 0",
            "delete from kernel.ledger_tile",
          ]) {
            const code = await refusal(connection, () => connection.query(act));
            checks.push([code === "42501", `${act} was answered ${code ?? "with success"}`]);
          }
          return allOf(`${checks.length} attempts to write the log's condition and checkpoints were refused`, checks);
        }),
    },
  ],
});

/** The same base64 text with one bit of its bytes changed. */
function flipped(text: string): string {
  const bytes = fromBase64(text);
  if (bytes === undefined || bytes.length === 0) return text;
  const copy = new Uint8Array(bytes);
  copy[0] = (copy[0] ?? 0) ^ 1;
  return base64(copy);
}
