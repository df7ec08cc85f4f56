import { Type, type Static, type TSchema } from "typebox";
import { Value } from "typebox/value";

/** The five sets of defaults a workspace starts from, one per app. */
export const presets = ["regulatory-docs", "decisions", "agents", "lab", "contracts"] as const;
export type Preset = (typeof presets)[number];

type Definition<S extends TSchema> = {
  readonly title: string;
  /** What changes when it does, in one sentence. */
  readonly effect: string;
  readonly unit: string;
  readonly schema: S;
  /** What each choice is called, where the value is one of a few; switches are on and off. */
  readonly words?: Readonly<Record<string, string>>;
  readonly presets: Readonly<Record<Preset, Static<S>>>;
};

const define = <S extends TSchema>(definition: Definition<S>): Definition<S> => definition;
const same = <T>(value: T): Record<Preset, T> => ({
  "regulatory-docs": value,
  decisions: value,
  agents: value,
  lab: value,
  contracts: value,
});
/** IPv4 or IPv6 with a prefix length; PostgreSQL checks the rest. */
const network = Type.String({ pattern: "^[0-9a-fA-F.:]{2,39}/[0-9]{1,3}$" });

/** Every policy, typed. The code that enforces one and the page that states it read the same value. */
export const policies = {
  "session.idleMinutes": define({
    title: "Idle time before sign-out",
    effect: "Sessions without a request for this long end at their next request.",
    unit: "minutes",
    schema: Type.Integer({ minimum: 5, maximum: 480 }),
    presets: { "regulatory-docs": 30, decisions: 30, agents: 60, lab: 15, contracts: 30 },
  }),
  "session.absoluteHours": define({
    title: "Longest session",
    effect: "Sessions older than this end, used or not.",
    unit: "hours",
    schema: Type.Integer({ minimum: 1, maximum: 168 }),
    presets: { "regulatory-docs": 12, decisions: 12, agents: 24, lab: 12, contracts: 12 },
  }),
  "identity.mfaRequired": define({
    title: "Second factor for everybody",
    effect: "Members without a second factor can do nothing but set one up, and their API keys are refused.",
    unit: "",
    schema: Type.Boolean(),
    presets: same(false),
  }),
  "access.allowedNetworks": define({
    title: "Networks people may come from",
    effect: "Requests from any other address are refused; an empty list allows every address.",
    unit: "networks",
    schema: Type.Array(network, { maxItems: 100 }),
    presets: same<string[]>([]),
  }),
  "key.maxDays": define({
    title: "Longest life of an API key",
    effect: "New API keys end after this long at the latest.",
    unit: "days",
    schema: Type.Integer({ minimum: 1, maximum: 365 }),
    presets: { "regulatory-docs": 365, decisions: 180, agents: 365, lab: 180, contracts: 365 },
  }),
  "token.accessMinutes": define({
    title: "Life of an access token",
    effect: "Tokens that programs make from an API key end after this long and are refreshed.",
    unit: "minutes",
    schema: Type.Integer({ minimum: 1, maximum: 10 }),
    presets: same(10),
  }),
  "token.refreshDays": define({
    title: "How long a program may refresh",
    effect: "After this long a program starts again from its API key.",
    unit: "days",
    schema: Type.Integer({ minimum: 1, maximum: 90 }),
    presets: { "regulatory-docs": 30, decisions: 7, agents: 30, lab: 7, contracts: 30 },
  }),
  "access.sharing": define({
    title: "Who sees a document",
    effect:
      "By owner: a collection or document, and all that derives from it, is seen by its owner and those it is shared with alone; nobody else finds it, admins included.",
    unit: "",
    schema: Type.Union([Type.Literal("workspace"), Type.Literal("owner")]),
    words: { workspace: "Everybody in the workspace", owner: "Its owner and those it is shared with" },
    presets: {
      "regulatory-docs": "workspace",
      decisions: "workspace",
      agents: "workspace",
      lab: "workspace",
      contracts: "owner",
    },
  }),
  "signing.sessionMinutes": define({
    title: "Series of signatures",
    effect:
      "Within this time after a signature the next one in the same session asks for one component in place of all; signing out, a lock, a new role or password ends it at once.",
    unit: "minutes",
    schema: Type.Integer({ minimum: 1, maximum: 60 }),
    presets: { "regulatory-docs": 10, decisions: 10, agents: 10, lab: 5, contracts: 15 },
  }),
  "signing.challengeMinutes": define({
    title: "Time to finish a signature",
    effect: "A signature that is begun and not given within this time is begun again.",
    unit: "minutes",
    schema: Type.Integer({ minimum: 1, maximum: 15 }),
    presets: same(5),
  }),
  "signing.attempts": define({
    title: "Wrong tries at signing",
    effect:
      "After so many wrong tries in a row nobody signs in that name until an admin reinstates it; the admins are told at once.",
    unit: "tries",
    schema: Type.Integer({ minimum: 2, maximum: 10 }),
    presets: same(3),
  }),
  "lab.unsignedVerification": define({
    title: "Verifying without a signature",
    effect:
      "Who may sign always signs what they verify in the laboratory. Refused: nobody else verifies. With a fresh proof: members whose identity is not verified for signing yet confirm who they are instead.",
    unit: "",
    schema: Type.Union([Type.Literal("refuse"), Type.Literal("step-up")]),
    words: { refuse: "Refused", "step-up": "With a fresh proof" },
    presets: { ...same<"refuse" | "step-up">("step-up"), lab: "refuse" },
  }),
  "lab.masterApproval": define({
    title: "New versions of methods and specifications",
    effect:
      "Approved by another: a new version is used for nothing before somebody else approved it. A change puts no version in force that waits.",
    unit: "",
    schema: Type.Union([Type.Literal("one"), Type.Literal("another")]),
    words: { one: "In force on their day", another: "Approved by another" },
    presets: same<"one" | "another">("one"),
  }),
  "lab.workingHours": define({
    title: "Working hours of the laboratory",
    effect:
      "What is entered, verified or received outside of them (UTC, Monday to Friday) is looked at in audit-trail reviews.",
    unit: "UTC",
    schema: Type.String({ pattern: "^([01][0-9]|2[0-3])-([01][0-9]|2[0-4])$" }),
    presets: same("05-20"),
  }),
  "lab.trailReviewEveryDays": define({
    title: "Time between audit-trail reviews",
    effect: "When the last review that was concluded ends longer ago than this, it is shown as overdue.",
    unit: "days",
    schema: Type.Integer({ minimum: 1, maximum: 366 }),
    presets: { ...same(91), lab: 31 },
  }),
  "lab.trailReviewDays": define({
    title: "Time to finish an audit-trail review",
    effect: "A review that is open for longer is shown as overdue.",
    unit: "days",
    schema: Type.Integer({ minimum: 1, maximum: 90 }),
    presets: same(14),
  }),
  "review.everyDays": define({
    title: "Time between access reviews",
    effect: "A review of every member and key opens by itself this long after the last one closed.",
    unit: "days",
    schema: Type.Integer({ minimum: 7, maximum: 366 }),
    presets: { "regulatory-docs": 91, decisions: 91, agents: 182, lab: 91, contracts: 91 },
  }),
  "review.dueDays": define({
    title: "Time to finish an access review",
    effect: "A review that is open for longer is shown as overdue to every admin.",
    unit: "days",
    schema: Type.Integer({ minimum: 1, maximum: 90 }),
    presets: same(14),
  }),
  "operator.maxHours": define({
    title: "Longest grant to an operator",
    effect: "Whoever runs the instance is let in for this long at most; the grant ends by itself.",
    unit: "hours",
    schema: Type.Integer({ minimum: 1, maximum: 72 }),
    presets: { "regulatory-docs": 24, decisions: 8, agents: 24, lab: 8, contracts: 8 },
  }),
  "anomaly.downloadsPerHour": define({
    title: "Downloads an hour before an alarm",
    effect: "Somebody who opens, downloads or exports more than this within an hour is shown as an anomaly.",
    unit: "an hour",
    schema: Type.Integer({ minimum: 5, maximum: 10_000 }),
    presets: { "regulatory-docs": 200, decisions: 200, agents: 500, lab: 300, contracts: 60 },
  }),
  "anomaly.refusalsPerHour": define({
    title: "Refusals an hour before an alarm",
    effect:
      "Somebody who asks for more records that are not there or not theirs within an hour is shown as an anomaly.",
    unit: "an hour",
    schema: Type.Integer({ minimum: 5, maximum: 1_000 }),
    presets: { "regulatory-docs": 40, decisions: 40, agents: 60, lab: 40, contracts: 20 },
  }),
  "anomaly.travelMinutes": define({
    title: "Time to change networks",
    effect: "Somebody active from two far networks within this time, in turns, is shown as an anomaly.",
    unit: "minutes",
    schema: Type.Integer({ minimum: 1, maximum: 240 }),
    presets: same(30),
  }),
  "anomaly.lockSource": define({
    title: "Lock the source of an anomaly",
    effect: "Somebody with an open anomaly is signed out and stays out until an admin releases the alarm.",
    unit: "",
    schema: Type.Boolean(),
    presets: { "regulatory-docs": false, decisions: true, agents: false, lab: true, contracts: true },
  }),
  "anchor.copyHours": define({
    title: "Time between copies of a checkpoint",
    effect: "The addresses under Ledger get the newest checkpoint this often, when the log has grown.",
    unit: "hours",
    schema: Type.Integer({ minimum: 1, maximum: 168 }),
    presets: { "regulatory-docs": 24, decisions: 24, agents: 24, lab: 24, contracts: 24 },
  }),
  "anchor.witnessMinutes": define({
    title: "Time between cosignatures",
    effect: "Witnesses are asked to cosign the newest checkpoint this often.",
    unit: "minutes",
    schema: Type.Integer({ minimum: 1, maximum: 1440 }),
    presets: { "regulatory-docs": 60, decisions: 10, agents: 60, lab: 10, contracts: 60 },
  }),
  "anchor.quorum": define({
    title: "Witnesses that have to agree",
    effect:
      "The log counts as witnessed when this many witnesses cosigned within the last day; below it, owners and admins are told at home.",
    unit: "witnesses",
    schema: Type.Integer({ minimum: 0, maximum: 10 }),
    presets: same(0),
  }),
  "limit.apiPerSecond": define({
    title: "Calls a second",
    effect:
      "A person or API key that calls more often gets 429 and the time to wait; all of a workspace together has twenty times this.",
    unit: "calls a second",
    schema: Type.Integer({ minimum: 1, maximum: 200 }),
    presets: same(10),
  }),
  "limit.apiBurst": define({
    title: "Calls at once",
    effect: "So many calls may come at once before the rate counts.",
    unit: "calls",
    schema: Type.Integer({ minimum: 1, maximum: 1000 }),
    presets: same(20),
  }),
  "limit.uploadsPerHour": define({
    title: "Uploads an hour",
    effect: "Further uploads of one person wait until the hour is over.",
    unit: "uploads an hour",
    schema: Type.Integer({ minimum: 1, maximum: 10_000 }),
    presets: same(600),
  }),
  "limit.analysesPerHour": define({
    title: "Analyses an hour",
    effect: "Further analyses started by one person wait until the hour is over.",
    unit: "analyses an hour",
    schema: Type.Integer({ minimum: 1, maximum: 1000 }),
    presets: same(60),
  }),
  "limit.billingPerHour": define({
    title: "Calls an hour that change what is billed",
    effect:
      "Who invites people or hands the workspace over more often than this waits for the hour’s end. Nothing is billed by this release; these are the acts that a bill would follow.",
    unit: "calls an hour",
    schema: Type.Integer({ minimum: 1, maximum: 1000 }),
    presets: same(60),
  }),
  "limit.invitationsPerDay": define({
    title: "Invitations a day",
    effect: "Further invitations of the whole workspace wait until the day (UTC) is over.",
    unit: "invitations a day",
    schema: Type.Integer({ minimum: 1, maximum: 10_000 }),
    presets: same(200),
  }),
  "limit.invitationsPerAddress": define({
    title: "Invitations a day to one address",
    effect: "The same address is invited so often a day (UTC) at most; an invitation withdrawn counts too.",
    unit: "invitations a day",
    schema: Type.Integer({ minimum: 1, maximum: 20 }),
    presets: same(5),
  }),
  "export.confirmDays": define({
    title: "Export of the audit trail without a fresh proof",
    effect:
      "Whoever exports more days of the whole audit trail at once than this confirms who they are; API keys can't.",
    unit: "days",
    schema: Type.Integer({ minimum: 0, maximum: 3660 }),
    presets: same(90),
  }),
  "retention.accessLogDays": define({
    title: "How long access logs are kept",
    effect: "Who read what goes after this long; the log keeps each batch's leaf.",
    unit: "days",
    schema: Type.Integer({ minimum: 30, maximum: 3660 }),
    presets: same(90),
  }),
  "retention.systemLogDays": define({
    title: "How long system logs are kept",
    effect: "Finished jobs and settled mails go after this long.",
    unit: "days",
    schema: Type.Integer({ minimum: 7, maximum: 3660 }),
    presets: same(30),
  }),
  "retention.deletedItemDays": define({
    title: "How long deleted items are kept",
    effect: "What was deleted goes for good after this long, with every version of it.",
    unit: "days",
    schema: Type.Integer({ minimum: 1, maximum: 90 }),
    presets: same(7),
  }),
  "retention.requestKeyDays": define({
    title: "How long a repeated request is known",
    effect:
      "A request that is sent again under its Idempotency-Key within this time is not done twice; later it is refused, since what it did is not kept.",
    unit: "days",
    schema: Type.Integer({ minimum: 2, maximum: 90 }),
    presets: same(30),
  }),
  "retention.ledgerYears": define({
    title: "How long the audit log is kept",
    effect: "The log's oldest events go after this long, with a signed statement; zero keeps all of it.",
    unit: "years",
    schema: Type.Integer({ minimum: 0, maximum: 100 }),
    presets: same(0),
  }),
  "retention.backupDays": define({
    title: "How long backups are kept",
    effect:
      "An erasure's receipt says that backups have forgotten after this long; whoever runs the instance keeps to it.",
    unit: "days",
    schema: Type.Integer({ minimum: 1, maximum: 366 }),
    presets: same(30),
  }),
  "file.linkMinutes": define({
    title: "Life of a download link",
    effect: "New download links end after this long.",
    unit: "minutes",
    schema: Type.Integer({ minimum: 1, maximum: 60 }),
    presets: { "regulatory-docs": 60, decisions: 60, agents: 60, lab: 60, contracts: 15 },
  }),
  "certificate.linkDays": define({
    title: "Longest life of a link to a certificate",
    effect: "A link that opens a certificate without an account ends after this long at most.",
    unit: "days",
    schema: Type.Integer({ minimum: 1, maximum: 365 }),
    presets: { "regulatory-docs": 30, decisions: 30, agents: 30, lab: 90, contracts: 30 },
  }),
  "file.maxMegabytes": define({
    title: "Largest upload",
    effect: "Larger files are refused before anything is stored.",
    unit: "MB",
    schema: Type.Integer({ minimum: 1, maximum: 50 }),
    presets: { "regulatory-docs": 50, decisions: 10, agents: 25, lab: 25, contracts: 50 },
  }),
} as const;

export type PolicyName = keyof typeof policies;
export type PolicyValue<N extends PolicyName> = Static<(typeof policies)[N]["schema"]>;

export function isPolicyName(name: string): name is PolicyName {
  return Object.hasOwn(policies, name);
}
export function isPreset(name: string): name is Preset {
  return presets.some((each) => each === name);
}
/** What one may choose from; null where a value is typed. */
export function policyChoices(name: PolicyName): { value: string | boolean; label: string }[] | null {
  const definition: Definition<TSchema> = policies[name];
  if (definition.words) return Object.entries(definition.words).map(([value, label]) => ({ value, label }));
  if (Type.IsBoolean(definition.schema))
    return [
      { value: true, label: "on" },
      { value: false, label: "off" },
    ];
  return null;
}
/** Whether a value is one this policy may have. */
export function fitsPolicy<N extends PolicyName>(name: N, value: unknown): value is PolicyValue<N> {
  return Value.Check(policies[name].schema, value);
}
