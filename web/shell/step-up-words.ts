import type { StepUpAct } from "./problem.ts";

const words: Readonly<Record<string, (subject: string) => string>> = {
  "kernel.policy.change": (subject) => `change the policy ${subject}`,
  "kernel.api_key.create": (subject) => `make the API key “${subject}”`,
  "kernel.membership.make_owner": () => "make this person an owner",
  "kernel.ownership.hand_over": () => "hand this workspace over",
  "kernel.stream.create": (subject) => `send the audit trail to ${subject}`,
  "kernel.stream.back_fill": () => "send the past of the audit trail again",
  "kernel.anchor_target.create": (subject) => `give checkpoints to ${subject}`,
  "kernel.ledger.export": () => "take the whole audit trail away",
  "kernel.person.erase": () => "erase this person for good",
  "kernel.retention.change": () => "release this legal hold",
  "kernel.operator.grant": (subject) => `let the operator ${subject} in`,
  "kernel.outbox.open": () => "open a mail with its link",
  "kernel.signing.verify": () => "vouch for the identity of this person",
  "kernel.signing.acknowledge": () => "take your signature as binding",
  "kernel.signing.revoke": () => "take signing back from this person",
  "kernel.signing.reinstate": () => "let this person sign again",
  "kernel.record.unlock": () => "unlock this signed record",
  "kernel.workspace.freeze": () => "freeze this workspace",
  "kernel.workspace.thaw": () => "thaw this workspace",
  "identity.session.end_all": () => "end all your other sessions",
  "identity.social.link": (subject) => `let ${subject} sign in as you`,
  "identity.social.unlink": (subject) => `let ${subject} sign in as you no more`,
  "identity.factor.add": () => "add a second factor",
  "identity.factor.remove": (subject) => (subject === "totp" ? "remove the authenticator app" : "remove this passkey"),
  "identity.factor.recovery_codes": () => "make new recovery codes",
};

/** The act in the words of the page that asked for it. */
export function sayAct({ action, subject }: StepUpAct): string {
  return words[action]?.(subject) ?? `go on with ${action.replaceAll(/[._]/g, " ")}`;
}
