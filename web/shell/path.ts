/** The only place where addresses are spelled: pages of this site and calls of the API. */

type Value = string | number | boolean | null | undefined;

function query(values: Record<string, Value>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

const part = encodeURIComponent;

/** Route patterns, in the router's notation. */
export const route = {
  root: "/",
  check: "/check",
  signIn: "/signin",
  forgot: "/forgot",
  reset: "/reset/$token",
  register: "/register",
  finish: "/register/$token",
  confirm: "/confirm/$token",
  outbox: "/w/$ws/outbox",
  setUp: "/setup/$token",
  invite: "/invite/$token",
  certificate: "/certificate/$token",
  trust: "/trust",
  verify: "/verify",
  elsewhere: "/confirmed",
  me: "/me",
  workspace: "/w/$ws",
  /** Whatever else is asked for in a workspace. */
  elsewhereInside: "/w/$ws/$",
  home: "/w/$ws/home",
  audit: "/w/$ws/audit",
  retention: "/w/$ws/retention",
  people: "/w/$ws/people",
  keys: "/w/$ws/keys",
  policy: "/w/$ws/policy",
  sso: "/w/$ws/sso",
  access: "/w/$ws/access",
  roles: "/w/$ws/roles",
  reviews: "/w/$ws/reviews",
  review: "/w/$ws/reviews/$id",
  anomalies: "/w/$ws/alarms",
  operators: "/w/$ws/operators",
  signing: "/w/$ws/signing",
  ledger: "/w/$ws/ledger",
  streams: "/w/$ws/ledger/streams",
  operatorEntry: "/operator/$token",
} as const;

/** Pages. */
export const page = {
  root: () => "/",
  check: () => "/check",
  signIn: (to?: string) => `/signin${query({ to })}`,
  forgot: () => "/forgot",
  register: () => "/register",
  outbox: (ws: string) => `/w/${part(ws)}/outbox`,
  sso: (ws: string) => `/w/${part(ws)}/sso`,
  trust: () => "/trust",
  verify: () => "/verify",
  me: () => "/me",
  home: (ws: string) => `/w/${part(ws)}/home`,
  /** The audit trail; with a row, of that record alone. */
  audit: (ws: string, row?: string) => `/w/${part(ws)}/audit${query({ row })}`,
  retention: (ws: string) => `/w/${part(ws)}/retention`,
  people: (ws: string) => `/w/${part(ws)}/people`,
  access: (ws: string) => `/w/${part(ws)}/access`,
  roles: (ws: string) => `/w/${part(ws)}/roles`,
  reviews: (ws: string) => `/w/${part(ws)}/reviews`,
  review: (ws: string, id: string) => `/w/${part(ws)}/reviews/${part(id)}`,
  anomalies: (ws: string) => `/w/${part(ws)}/alarms`,
  operators: (ws: string) => `/w/${part(ws)}/operators`,
  signing: (ws: string) => `/w/${part(ws)}/signing`,
  ledger: (ws: string) => `/w/${part(ws)}/ledger`,
  streams: (ws: string) => `/w/${part(ws)}/ledger/streams`,
  keys: (ws: string) => `/w/${part(ws)}/keys`,
  /** The list of policies, opened at one of them. */
  policy: (ws: string, at?: string) => `/w/${part(ws)}/policy${query({ at })}`,
  app: (ws: string, tail: string) => `/w/${part(ws)}/${tail}`,
};

/** API calls of the shell; an app spells its own in its ui folder with {@link apiPath}. */
export const api = {
  instance: () => "/api/instance",
  setUp: (token: string) => `/api/setup/${part(token)}`,
  session: () => "/api/session",
  captcha: () => "/api/captcha",
  password: () => "/api/password",
  reset: (token?: string) => `/api/password/reset${token === undefined ? "" : `/${part(token)}`}`,
  registration: (token?: string) => `/api/registration${token === undefined ? "" : `/${part(token)}`}`,
  verification: (token?: string) => `/api/verification${token === undefined ? "" : `/${part(token)}`}`,
  workspaces: () => "/api/workspaces",
  outbox: () => "/api/outbox",
  openMail: (id: string) => `/api/outbox/${part(id)}/open`,
  sessions: () => "/api/session/all",
  sessionOf: (id: string) => `/api/session/all/${part(id)}`,
  sessionFactor: () => "/api/session/factor",
  sessionFactorPasskey: () => "/api/session/factor/passkey-options",
  passkeySignIn: () => "/api/session/passkey",
  passkeySignInOptions: () => "/api/session/passkey/options",
  factors: () => "/api/factor",
  totp: () => "/api/factor/totp",
  totpConfirm: () => "/api/factor/totp/confirm",
  recoveryCodes: () => "/api/factor/recovery-codes",
  passkeys: () => "/api/factor/passkey",
  passkeyOptions: () => "/api/factor/passkey/options",
  passkey: (id: string) => `/api/factor/passkey/${part(id)}`,
  stepUp: () => "/api/step-up",
  stepUpPasskey: () => "/api/step-up/passkey-options",
  freeze: () => "/api/workspace/freeze",
  thaw: () => "/api/workspace/thaw",
  memberSessions: () => "/api/people/sessions",
  memberSession: (id: string) => `/api/people/sessions/${part(id)}`,
  people: (values: Record<string, Value> = {}) => `/api/people${query(values)}`,
  person: (id: string) => `/api/people/${part(id)}`,
  invitations: () => "/api/people/invitations",
  invitationOf: (id: string) => `/api/people/invitations/${part(id)}`,
  invitation: (token: string) => `/api/invitations/${part(token)}`,
  invitationJoin: (token: string) => `/api/invitations/${part(token)}/join`,
  access: (values: Record<string, Value> = {}) => `/api/access${query(values)}`,
  explain: (member: string, permission: string) => `/api/access/explain${query({ member, permission })}`,
  roles: () => "/api/roles",
  role: (id: string) => `/api/roles/${part(id)}`,
  memberAccess: (id: string) => `/api/people/${part(id)}/access`,
  reviews: () => "/api/reviews",
  review: (id: string, values: Record<string, Value> = {}) => `/api/reviews/${part(id)}${query(values)}`,
  decide: (id: string) => `/api/review-items/${part(id)}/decide`,
  anomalies: () => "/api/anomalies",
  releaseAnomaly: (id: string) => `/api/anomalies/${part(id)}/release`,
  operatorGrants: () => "/api/operator-grants",
  endOperatorGrant: (id: string) => `/api/operator-grants/${part(id)}/end`,
  acceptOperatorGrant: () => "/api/operator-grants/accept",
  signingMe: () => "/api/signing/me",
  signingAcknowledge: () => "/api/signing/acknowledge",
  stepUpProvider: () => "/api/step-up/provider",
  stepUpProviderOf: (workspace: string) => `/api/step-up/provider${query({ workspace })}`,
  signers: () => "/api/signing/signers",
  signer: (id: string, act: "verify" | "revoke" | "reinstate") => `/api/signing/signers/${part(id)}/${act}`,
  sharing: (record: string, id: string) => `/api/shares/${part(record)}/${part(id)}`,
  keys: () => "/api/keys",
  key: (id: string) => `/api/keys/${part(id)}`,
  allKeys: () => "/api/keys/all",
  keyOfOther: (id: string) => `/api/keys/all/${part(id)}`,
  sso: () => "/api/sso",
  ssoOptions: () => "/api/sso/options",
  ssoStart: () => "/api/sso/start",
  ssoLinked: () => "/api/sso/linked",
  ssoLinkedOne: (provider: string) => `/api/sso/linked/${part(provider)}`,
  ssoDomains: () => "/api/sso/domains",
  ssoDomain: (id: string) => `/api/sso/domains/${part(id)}`,
  ssoDomainVerify: (id: string) => `/api/sso/domains/${part(id)}/verify`,
  ssoMetadata: () => "/api/sso/metadata",
  ssoConnections: () => "/api/sso/connections",
  ssoConnection: (id: string) => `/api/sso/connections/${part(id)}`,
  ssoEnable: (id: string) => `/api/sso/connections/${part(id)}/enable`,
  ssoTest: (id: string) => `/api/sso/connections/${part(id)}/test`,
  ssoForce: () => "/api/sso/force",
  ssoDirectory: () => "/api/sso/directory",
  ssoTokens: () => "/api/sso/directory/tokens",
  ssoToken: (id: string) => `/api/sso/directory/tokens/${part(id)}`,
  ssoGroup: (id: string) => `/api/sso/directory/groups/${part(id)}`,
  policies: () => "/api/policy",
  policy: (name: string) => `/api/policy/${part(name)}`,
  policyHistory: (name: string) => `/api/policy/${part(name)}/history`,
  events: (values: Record<string, Value> = {}) => `/api/ledger/events${query(values)}`,
  exportEvents: (values: Record<string, Value> = {}) => `/api/ledger/export${query(values)}`,
  retention: () => "/api/retention",
  holds: () => "/api/retention/holds",
  releaseHold: (id: string) => `/api/retention/holds/${part(id)}/release`,
  erasures: () => "/api/erasures",
  erasureProof: (id: string) => `/api/erasures/${part(id)}/proof`,
  erasureOf: (id: string) => `/api/people/${part(id)}/erasure`,
  erasureOutside: (id: string) => `/api/erasures/outside/${part(id)}`,
  anchors: () => "/api/ledger/anchors",
  anchorCopy: () => "/api/ledger/anchors/copy",
  anchorAsk: () => "/api/ledger/anchors/ask",
  anchorTargets: () => "/api/ledger/anchors/targets",
  anchorTarget: (id: string) => `/api/ledger/anchors/targets/${part(id)}`,
  anchorSecret: (id: string) => `/api/ledger/anchors/targets/${part(id)}/secret`,
  logStatus: () => "/api/ledger/status",
  ledgerResume: (id?: string) =>
    id === undefined ? "/api/ledger/resume" : `/api/ledger/resume/${encodeURIComponent(id)}`,
  logKeys: () => "/.well-known/probity-log-keys",
  streams: () => "/api/ledger/streams",
  stream: (id: string) => `/api/ledger/streams/${part(id)}`,
  streamAct: (id: string, act: "test" | "pause" | "back-fill" | "letters/send" | "secret" | "certificate") =>
    `/api/ledger/streams/${part(id)}/${act}`,
  trustAnchors: () => "/trust/anchors.json",
  seal: () => "/api/seal",
  sealSpecimen: () => "/api/seal/specimen",
  sealCertificate: () => "/.well-known/probity-seal.pem",
  home: () => "/api/home",
  jobs: () => "/api/jobs",
  jobEvents: (id: string) => `/api/jobs/${part(id)}/events`,
  check: () => "/api/check",
  trust: () => "/trust.json",
};

/** `/api/{app}/…` with each segment escaped. */
export function apiPath(app: string, segments: string[], values: Record<string, Value> = {}): string {
  return `/api/${[app, ...segments].map(part).join("/")}${query(values)}`;
}

/** Whether a page is a document of its own, under a policy of its own, and so is loaded and not drawn by this one. */
export function ownDocument(path: string): boolean {
  return path === route.verify;
}

/** Only a path of this site, so that a crafted link cannot send a signed-in person elsewhere. */
export function ownPath(to: string | undefined): string | null {
  return to !== undefined && /^\/(?![/\\])[^\p{Cc}]*$/u.test(to) ? to : null;
}

/** Files that are served as they are. */
export const asset = {
  verifier: () => "/probity-verify.mjs",
} as const;
