// What a verdict says, in words: for the command line and the page alike.
import type { Outcome } from "./outcome.ts";
import type { Verdict } from "./verdict.ts";

export type Fact = { readonly name: string; readonly text: string };

const sentences: Readonly<Record<Outcome, string>> = {
  VERIFIED: "What this file shows is what the log signed.",
  VERIFIED_WITH_ERASURES:
    "What this file shows is what the log signed; what is missing was erased, and the log says so.",
  CONTINUED_AFTER_RESTORE:
    "What this file shows is what the log signed; leaves were lost in a restore that two owners declared.",
  INCOMPLETE: "Something is missing that should be here. What is here was not found to be changed.",
  TAMPERED: "Something in this file is not what the log signed.",
  ROLLED_BACK: "The log goes back behind a state it had signed before.",
  NOTHING_VERIFIED: "Nothing was verified: there is nothing here that a known key signed.",
};

/** One sentence about an outcome. */
export function sayOutcome(verdict: Pick<Verdict, "outcome" | "filtered" | "kind">): string {
  const sentence = sentences[verdict.outcome];
  const good = ["VERIFIED", "VERIFIED_WITH_ERASURES", "CONTINUED_AFTER_RESTORE"].includes(verdict.outcome);
  if (!good) return sentence;
  if (verdict.kind === "proof") return `${sentence} It is one leaf: nothing is said of the rest of the log.`;
  return verdict.filtered ? `${sentence} It is a selection: nothing says that nothing was left out of it.` : sentence;
}

/** Everything that was checked, and on whose word. */
export function describe(verdict: Verdict): Fact[] {
  const { counts, range, checkpoint } = verdict;
  const facts: Fact[] = [];
  const add = (name: string, text: string): void => {
    facts.push({ name, text });
  };
  if (verdict.origin !== null) add("Log", verdict.origin);
  add("Trust", sayTrust(verdict));
  if (verdict.trust.keys.length > 0)
    add("Signed by", verdict.trust.keys.map(({ name, keyId }) => `${name} ${keyId}`).join(", "));
  add("Witnesses", sayWitnesses(verdict));
  add(
    "Leaves",
    `${count(counts.verified, "leaf", "leaves")} of ${number(counts.leaves)} in the file shown to be in the signed log`,
  );
  if (range !== null)
    add(
      "Range",
      verdict.complete
        ? `${number(range.from)} to ${number(range.to)}, complete: no leaf of it is missing`
        : `${number(range.from)} to ${number(range.to)}, ${verdict.filtered ? "a selection" : verdict.kind === "proof" ? "one leaf" : "not shown to be complete"}`,
    );
  add("Fields", sayFields(verdict));
  if (counts.rows > 0) add("Rows", `${count(counts.rows, "row", "rows")} compared with what their leaves commit to`);
  if (checkpoint !== null) {
    add("Checkpoint", `${count(checkpoint.size, "leaf", "leaves")}, root ${checkpoint.root}`);
    add("Time", sayTime(verdict));
  }
  if (verdict.enclosed !== undefined) add("Enclosed", sayEnclosed(verdict.enclosed));
  for (const { from, to, index, owners } of verdict.restores)
    add(
      "Restore",
      `leaves ${number(from)} to ${number(to)} were lost; declared in leaf ${number(index)} by ${owners.join(" and ")}`,
    );
  if (checkpoint !== null)
    add(
      "Evident to",
      verdict.evidentTo.length > 0
        ? verdict.evidentTo.join("; ")
        : "whoever kept an earlier checkpoint. This file shows nobody outside the server who did",
    );
  return facts;
}

function sayEnclosed({ field, document }: NonNullable<Verdict["enclosed"]>): string {
  const parts = Object.entries(document).map(
    ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `the ${field} that the leaf commits to. ${parts.join("; ")}`.slice(0, 2000);
}

function sayTrust({ trust }: Verdict): string {
  if (trust.mode === "pinned") return "pinned: by the key or the checkpoint you brought";
  return trust.mode === "first-use"
    ? "first use: the file names the key itself, and so could whoever made it"
    : "none: no known key signed";
}

function sayWitnesses({ trust: { witnesses } }: Verdict): string {
  if (witnesses.of === 0) return "witnessed by 0 of 0: none is known";
  const names = witnesses.names.length > 0 ? `: ${witnesses.names.join(", ")}` : "";
  return `witnessed by ${witnesses.signed} of ${witnesses.of} ${witnesses.pinned ? "you brought" : "the file names itself"}${names}`;
}

function sayFields({ counts }: Verdict): string {
  const { fieldsShown, fieldsErased, fieldsClosed, erasures } = counts;
  const parts = [`${number(fieldsShown)} shown and checked`];
  if (fieldsErased > 0)
    parts.push(`${number(fieldsErased)} erased, by ${count(erasures, "erasure", "erasures")} in the log`);
  if (fieldsClosed > 0) parts.push(`${number(fieldsClosed)} not shown`);
  return parts.join("; ");
}

function sayTime({ checkpoint }: Verdict): string {
  const time = checkpoint?.time ?? null;
  if (time === null) return "not known: the file holds nothing that says when";
  const by = {
    timestamp: `stamped by ${time.name}`,
    witness: `seen by witness ${time.name}`,
    platform: `by the clock of ${time.name}`,
    leaf: "by the server's own clock, in the newest leaf",
    file: "by the file's own word",
  }[time.by];
  return `${time.at}, ${by}`;
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function count(value: number, one: string, many: string): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}
