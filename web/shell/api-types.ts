/** What the HTTP API sends and takes. The server is the authority; this file only names its shapes. */

export interface Instance {
  setUp: boolean;
  freeCheck: { on: boolean; perHour: number };
  /** Whether anybody may open an account and a workspace. */
  registration?: boolean;
  name: string;
  version: string;
  packs: PackSummary[];
  limits: { maxBytes: number; [name: string]: number };
  accountLimits?: Record<"signIn" | "registration", { attempts: number; windowMinutes: number }>;
}

export interface PackSummary {
  id: string;
  title: string;
  edition?: string;
  requirementCount?: number;
}

export interface Person {
  id: string;
  name: string;
}

export interface WorkspaceMembership {
  id: string;
  slug: string;
  name: string;
  role: string;
  /** Members without a second factor can do nothing but set one up. */
  mfaRequired?: boolean;
  frozen?: boolean;
  /** When a session ends there: without a request, and in any case. */
  idleMinutes?: number | null;
  absoluteHours?: number | null;
}

export interface Session {
  user: Person & { email: string };
  workspaces: WorkspaceMembership[];
  /** Factors this session has proved: 1 or 2. */
  assurance?: number;
}

/** The second factors that would complete a sign-in. */
export interface Awaits {
  totp: boolean;
  passkey: boolean;
  recoveryCode: boolean;
}

export interface Factors {
  totp: { since: string } | null;
  passkeys: { id: string; name: string; createdAt: string; lastUsedAt: string | null }[];
  recoveryCodesLeft: number;
  /** Where passkeys of this instance work; null at a bare address. */
  passkeyAddress: string | null;
}

export interface OwnSession {
  id: string;
  createdAt: string;
  lastSeenAt: string;
  address: string | null;
  userAgent: string | null;
  current: boolean;
}

export interface MemberSession extends OwnSession {
  membershipId: string;
  secondFactor: boolean;
}

export interface FreezeState {
  reason: string;
  frozenAt: string;
  frozenBy: string;
  thawAskedAt: string | null;
  thawAskedBy: string | null;
  askedByYou: boolean;
}

export interface SetUpRequest {
  owner: { name: string; email: string; password: string };
  workspace: { name: string; preset: string };
  sampleData: boolean;
}

export interface SetUpResult {
  workspaceId: string;
  slug: string;
}

/** One keyset page. */
export interface Page<Item> {
  items: Item[];
  next?: string | null;
  total?: number;
}

export interface Member extends Person {
  email: string;
  role: string;
  status: string;
  lastSeenAt?: string | null;
}

/** People of a workspace with the invitations nobody has taken up yet. */
export interface People extends Page<Member> {
  /** The reader among them. */
  you?: string;
  invitations?: { id: string; email: string; role: string; expiresAt: string }[];
}

export interface Invitation {
  id: string;
  /** Null when it went by mail. */
  link: string | null;
  expiresAt: string;
}

export interface InvitationView {
  email?: string;
  role?: string;
  workspaceName?: string;
  expiresAt?: string;
}

export interface LedgerEvent {
  seq: number;
  at: string;
  actor: Person | null;
  action: string;
  record: string | null;
  recordId: string | null;
  outcome: string;
  source: string | null;
  /** What else the event says; a field that was erased says so. */
  details?: Readonly<Record<string, unknown>>;
  leafHash: string;
}

export type Urgency = "late" | "today" | "week" | "admin";

/** One act that waits for the reader. `href` is a path of this site. */
export interface HomeItem {
  urgency: Urgency;
  verb: string;
  object: string;
  detail: string;
  reason: string;
  href: string;
  act: string;
}

export interface Job {
  id: string;
  kind: string;
  stage: string;
  done: number;
  total: number;
  state: "waiting" | "running" | "done" | "failed";
  problem?: { title: string; detail?: string; next?: string } | null;
}

export type ControlStatus = "active" | "degraded" | "stale" | "off" | "planned";

export interface Control {
  id: string;
  promise: string;
  title: string;
  status: ControlStatus;
  reason: string;
  evidence: { probe: string; title?: string; kind?: string; outcome: string; at: string; detail: string }[];
  notProbed?: string[];
  maxAgeMinutes?: number | null;
  standards: string[];
  yourPart: string;
}

export interface TrustStatement {
  host: string;
  computedAt: string;
  summary: Record<ControlStatus, number>;
  controls: Control[];
  version?: string;
  catalogueHash?: string;
  threatModel?: string[];
}

/** One number or list in force; `version` is 0 while the preset stands. */
/** A number, a list, one of a few words, or a switch. */
export type PolicyValue = number | boolean | string | string[];

export interface PolicyItem {
  name: string;
  title: string;
  effect: string;
  unit: string;
  /** What one may choose from; null where the value is typed. */
  choices: { value: string | boolean; label: string }[] | null;
  value: PolicyValue;
  presetValue: PolicyValue;
  differs: boolean;
  version: number;
  changedBy: { id: string; name: string | null } | null;
  changedAt: string | null;
  reason: string | null;
}

/** What the set-up link answers: the presets offered, each with its main numbers in force. */
export interface SetUpView {
  presets?: Preset[];
}

export interface Preset {
  id: string;
  title: string;
  main: { title: string; value: string }[];
}
