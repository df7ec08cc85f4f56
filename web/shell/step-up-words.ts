import type { StepUpAct } from "./problem.ts";

/** Words of acts: what is confirmed, from the subject and from what it is called. */
export type ConfirmWords = Readonly<Record<string, (subject: string, told: string) => string>>;

const words: ConfirmWords = {
  "kernel.policy.change": (subject) => `change the policy ${subject}`,
  "kernel.api_key.create": (subject) => `make the API key “${subject}”`,
  "kernel.membership.make_owner": () => "make this person an owner",
  "kernel.ownership.hand_over": () => "hand this workspace over",
  "kernel.stream.create": (subject) => `send the audit trail to ${subject}`,
  "kernel.stream.rotate": () => "give this receiver another secret",
  "kernel.stream.certificate": () => "change the certificate this receiver is shown",
  "kernel.stream.back_fill": () => "send the past of the audit trail again",
  "kernel.anchor_target.create": (subject) => `give checkpoints to ${subject}`,
  "kernel.ledger.resume": () => "declare that the log lost entries in a restore",
  "kernel.anchor_target.rotate": () => "give this receiver another secret",
  "kernel.ledger.export": () => "take the whole audit trail away",
  "kernel.sso_connection.settle": (_, told) =>
    told === "" ? "let an identity provider sign people in" : `let ${told} sign people in`,
  "kernel.sso.force": (subject) => (subject === "on" ? "require single sign-on" : "require single sign-on no more"),
  "kernel.scim_token.create": (subject) => `give the directory the token “${subject}”`,
  "kernel.person.erase": () => "erase this person for good",
  "kernel.retention.change": () => "release this legal hold",
  "kernel.operator.grant": (subject) => `let the operator ${subject} in`,
  "kernel.outbox.open": () => "open a mail with its link",
  "kernel.signing.verify": () => "vouch for the identity of this person",
  "kernel.signing.acknowledge": () => "take your signature as binding",
  "kernel.signing.revoke": () => "take signing back from this person",
  "kernel.signing.reinstate": () => "let this person sign again",
  "kernel.record.unlock": (_, told) => (told === "" ? "unlock this signed record" : `unlock ${told}`),
  "kernel.workspace.freeze": () => "freeze this workspace",
  "kernel.workspace.thaw": () => "thaw this workspace",
  "identity.session.end_all": () => "end all your other sessions",
  "identity.social.link": (subject) => `let ${subject} sign in as you`,
  "identity.social.unlink": (subject) => `let ${subject} sign in as you no more`,
  "identity.factor.add": () => "add a second factor",
  "identity.factor.remove": (subject) => (subject === "totp" ? "remove the authenticator app" : "remove this passkey"),
  "identity.factor.recovery_codes": () => "make new recovery codes",
};

/** The act in the words of who asks for it: the kernel's own, or those of an app. */
export function sayAct({ action, subject, told }: StepUpAct, more: readonly (ConfirmWords | undefined)[] = []): string {
  const say = [words, ...more].find((each) => each?.[action] !== undefined)?.[action];
  return say?.(subject, told) ?? `go on with ${action.replaceAll(/[._]/g, " ")}`;
}
