import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { tokensOf, type Gate, type Hold } from "./gate-token.ts";
import { sayFault, sayKind } from "./instrument-state.ts";

type Token = { resultId: string; token: string };
type Said = { reason: string; reference?: string };

/** Instruments: named as the method declares, and in order when the value was entered and since. */
export const instrumentGate = tokenGate("instrument", "Instrument", async (tx, tokens) => {
  const ids = referencesIn(tokens);
  const rows =
    ids.length === 0
      ? []
      : await tx.all(query.selectFrom("lab.instrument").select(["id", "number", "name"]).where("id", "in", ids));
  const names = new Map(rows.map((row) => [row.id, `${row.number} ${row.name}`]));
  return ({ code, about }) => {
    if (code === "none") return { reason: about === "" ? "No instrument is named." : `No ${sayKind(about)} is named.` };
    return { reason: sayFault(code, names.get(about) ?? "An instrument", true), reference: about };
  };
});

/** Materials: lots named as the method declares, released and not past their last day. */
export const materialGate = tokenGate("material", "Material", async (tx, tokens) => {
  const ids = referencesIn(tokens);
  const rows =
    ids.length === 0
      ? []
      : await tx.all(
          query
            .selectFrom("lab.lot as l")
            .innerJoin("lab.material as m", "m.id", "l.material_id")
            .select(["l.id", "l.number", "m.code"])
            .where("l.id", "in", ids),
        );
  const names = new Map(rows.map((row) => [row.id, `${row.code} lot ${row.number}`]));
  const faults: Readonly<Record<string, string>> = {
    "not-released": "was not released when the value was entered.",
    expired: "was past its last day when the value was entered.",
    quarantined: "is in quarantine.",
    rejected: "was rejected.",
  };
  return ({ code, about }) => {
    if (code === "none") return { reason: about === "" ? "No lot is named." : `No lot of ${about} is named.` };
    return {
      reason: `${names.get(about) ?? "A lot"} ${faults[code] ?? "is not known to be in order."}`,
      reference: about,
    };
  };
});

/** Training: whoever entered a value was trained on that version of the method when they did. */
export const trainingGate = tokenGate("training", "Training", async (tx, tokens) => {
  const ids = referencesIn(tokens);
  const rows =
    ids.length === 0
      ? []
      : await tx.all(query.selectFrom("kernel.membership").select(["id", "name"]).where("id", "in", ids));
  const names = new Map(rows.map((row) => [row.id, row.name]));
  return ({ code, about }) =>
    code === "untrained"
      ? {
          reason: `${names.get(about) ?? "Whoever entered it"} had no training on this version of the method when the value was entered.`,
          reference: about,
        }
      : { reason: "Who entered the value is not known, so their training is not either." };
});

/** A gate that the database judges whole: the code has only the words for its tokens. */
function tokenGate(
  name: string,
  title: string,
  sayer: (tx: Tx, tokens: readonly Token[]) => Promise<(token: { code: string; about: string }) => Said>,
): Gate {
  return {
    name,
    title,
    holds: async (tx, results): Promise<Hold[]> => {
      const tokens = await tokensOf(tx, name, results);
      if (tokens.length === 0) return [];
      const say = await sayer(tx, tokens);
      return tokens.map(({ resultId, token }) => ({ resultId, gate: name, token, ...say(partsOf(token)) }));
    },
  };
}

function partsOf(token: string): { code: string; about: string } {
  const at = token.indexOf(":");
  return at === -1 ? { code: token, about: "" } : { code: token.slice(0, at), about: token.slice(at + 1) };
}

function referencesIn(tokens: readonly Token[]): string[] {
  const found = tokens.map(({ token }) => partsOf(token)).filter(({ code }) => code !== "none");
  return [...new Set(found.flatMap(({ about }) => (about === "" ? [] : [about])))];
}
