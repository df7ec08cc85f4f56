import type { LedgerEvent, Member } from "./api-types.ts";

/** What the kernel's own actions are, in words; an app brings the words of its own. */
const kernelWords: Readonly<Record<string, string>> = {
  "kernel.access.read": "Records read",
  "kernel.access.refuse": "Access refused",
  "kernel.across.read": "Read across workspaces",
  "kernel.api_key.create": "API key made",
  "kernel.erasure.create": "Erasure receipt written",
  "kernel.ledger.reconcile": "Log and tables compared",
  "kernel.legal_hold.create": "Legal hold placed",
  "kernel.legal_hold.release": "Legal hold released",
  "privacy.erasure.executed": "Person erased",
  "privacy.erasure.row": "Row of an erased person emptied",
  "retention.access.retired": "Access log retired",
  "retention.keys.retired": "Keys of requests retired",
  "retention.log.pruned": "Beginning of the log pruned",
  "retention.rows.retired": "Deleted items gone for good",
  "retention.traces.retired": "System log retired",
  "kernel.api_key.revoke": "API key revoked",
  "kernel.blob.create": "File stored",
  "kernel.blob.delete": "File removed",
  "kernel.file.download": "File downloaded",
  "kernel.invitation.accept": "Invitation accepted",
  "kernel.invitation.create": "Person invited",
  "kernel.invitation.withdraw": "Invitation withdrawn",
  "kernel.job.enqueue": "Job started",
  "kernel.ledger.export": "Audit trail exported",
  "kernel.link.create": "Download link made",
  "kernel.link.revoke": "Download link ended",
  "kernel.membership.change_role": "Role changed",
  "kernel.membership.create": "Person joined",
  "kernel.membership.end": "Person removed",
  "kernel.membership.reopen": "Person let in again",
  "kernel.membership.lock": "Person kept out by an alarm",
  "kernel.membership.unlock": "Person let in after an alarm",
  "kernel.member_role.give": "Role given",
  "kernel.member_role.take_back": "Role taken back",
  "kernel.share.give": "Record shared",
  "kernel.share.take_back": "Sharing taken back",
  "kernel.account.link": "Provider linked to an account",
  "kernel.account.unlink": "Provider taken from an account",
  "kernel.account.renew": "Account handed to its organisation",
  "kernel.factor.add": "Second factor added",
  "kernel.factor.remove": "Second factor removed",
  "kernel.anomaly.raise": "Alarm raised",
  "kernel.anomaly.release": "Alarm released",
  "kernel.policy.change": "Policy changed",
  "kernel.probe.run": "Probe run",
  "kernel.address.confirm": "Address confirmed",
  "kernel.outbox.open": "Mail opened in the outbox",
  "kernel.password.change": "Password changed",
  "kernel.password.link": "Password link made by the operator",
  "kernel.session.end": "Signed out",
  "kernel.session.start": "Signed in",
  "kernel.tenant_key.create": "Encryption key made",
  "kernel.workspace.found": "Workspace founded",
};

/** The action in words; an action nobody worded yet reads as its last parts do: `gauge calibrate`. */
export function sayAction(action: string, outcome: string, words: readonly Readonly<Record<string, string>>[]): string {
  if (action === "kernel.session.start" && /den|refus|fail/i.test(outcome)) return "Sign-in refused";
  for (const each of [kernelWords, ...words]) {
    const found = each[action];
    if (found !== undefined) return found;
  }
  return action.split(".").slice(1).join(" ").replaceAll("_", " ");
}

/** Ids and hashes say nothing to who reads; the export has them. */
const isMachineName = (value: unknown) =>
  typeof value === "string" && /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64})$/.test(value);

const bookkeeping = new Set(["mark", "events", "root", "receipt", "checkpoint", "frontier", "leaves"]);

/** What else an event says, in one line: reasons, values before and after; what was erased says so. */
export function sayDetails(details: Readonly<Record<string, unknown>> | undefined): string {
  return Object.entries(details ?? {})
    .filter(([name, value]) => !bookkeeping.has(name) && value !== null && value !== "" && !isMachineName(value))
    .map(([name, value]) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return `${name.replaceAll("_", " ")}: ${text.length > 120 ? `${text.slice(0, 117)}…` : text}`;
    })
    .join(" · ");
}

/** Whose act it is: a session is started by the server, for the person its membership names. */
export function actorOf(event: LedgerEvent, people: readonly Member[]): string {
  if (event.record === "kernel.membership" && event.action.startsWith("kernel.session.")) {
    const person = people.find((member) => member.id === event.recordId);
    if (person !== undefined) return person.name;
  }
  return event.actor?.name ?? (event.actor === null ? "system" : "somebody who left");
}

/** One row of the page: an event, or a run of consecutive batches of readings, newest first. */
export interface AuditRow {
  first: LedgerEvent;
  events: LedgerEvent[];
}

/** Gathers consecutive batches of readings with the same outcome; every other event stands alone. */
export function gather(events: readonly LedgerEvent[]): AuditRow[] {
  const rows: AuditRow[] = [];
  for (const event of events) {
    const last = rows.at(-1);
    const same =
      event.action === "kernel.access.read" &&
      last?.first.action === event.action &&
      last.first.outcome === event.outcome;
    if (same) last.events.push(event);
    else rows.push({ first: event, events: [event] });
  }
  return rows;
}
