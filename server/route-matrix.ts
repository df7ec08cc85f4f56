import type { Samples } from "./testing/operation.ts";

/** What the matrix of routes expects where a route's declared permission does not say it already. */

/** One caller that must be kept out. */
export type Cell =
  | "anonymous"
  | "other tenant"
  | "lower role"
  | "guest"
  | "disabled person"
  | "expired key"
  | "revoked key"
  | "key without the permission"
  | "no second factor where one is required"
  | "frozen workspace"
  | "address not on the list"
  | "change by cookie without our header";

/** What each cell answers on a route with a permission of its own. */
export const expected: Readonly<Record<Cell, number>> = {
  anonymous: 401,
  "other tenant": 404,
  "lower role": 403,
  // Somebody from outside, who holds what apps give their guests and nothing else.
  guest: 403,
  "disabled person": 401,
  "expired key": 401,
  "revoked key": 401,
  "key without the permission": 403,
  "no second factor where one is required": 403,
  "frozen workspace": 423,
  "address not on the list": 403,
  "change by cookie without our header": 403,
};

/** Routes anybody may call, each with the reason. One that is not here fails the matrix. */
export const publicRoutes: Readonly<Record<string, string>> = {
  "GET /healthz": "tells a balancer that the process lives",
  "GET /readyz": "tells a balancer that the database answers",
  "GET /api/instance": "what the sign-in page shows",
  "GET /api/openapi.json": "the description of this API",
  "POST /api/session": "signing in",
  "GET /api/setup/{token}": "opened by a one-time link",
  "POST /api/setup/{token}": "opened by a one-time link",
  "GET /api/invitations/{token}": "opened by an invitation's link",
  "POST /api/invitations/{token}": "opened by an invitation's link",
  "POST /api/token": "judges the key or refresh token it is sent",
  "POST /api/token/end": "whoever holds a token may end it",
  "GET /.well-known/jwks.json": "public keys",
  "GET /api/ledger/platform/checkpoint": "the platform log is for outsiders",
  "GET /api/ledger/platform/tile/{level}/{a}": "the platform log is for outsiders",
  "GET /api/ledger/platform/tile/{level}/{a}/{b}": "the platform log is for outsiders",
  "GET /api/ledger/platform/tile/{level}/{a}/{b}/{c}": "the platform log is for outsiders",
  "GET /api/ledger/platform/tile/{level}/{a}/{b}/{c}/{d}": "the platform log is for outsiders",
  "GET /.well-known/probity-log-keys": "public keys",
  "GET /.well-known/probity-seal.pem": "the certificate that documents are sealed with",
  "GET /api/seal/specimen": "a sealed document that says nothing of anybody",
  "GET /api/seal": "the certificate that documents are sealed with, and who stamps their time",
  "GET /trust.json": "the trust statement is for outsiders",
  "GET /trust/anchors.json": "how many outside hold the log's checkpoints, by kind",
  "GET /.well-known/security.txt": "whom to tell of a weakness",
  "GET /api/captcha": "a riddle for whoever registers or resets a password",
  "POST /api/registration": "opening an account, where the operator allows it",
  "GET /api/registration/{token}": "opened by a mailed link",
  "POST /api/registration/{token}": "opened by a mailed link",
  "POST /api/password/reset": "asking for a mailed link",
  "GET /api/password/reset/{token}": "opened by a mailed link",
  "POST /api/password/reset/{token}": "opened by a mailed link",
  "POST /api/session/passkey/options": "signing in by passkey",
  "POST /api/session/passkey": "signing in by passkey",
  "GET /api/sso/options": "what the sign-in page offers",
  "POST /api/sso/discover": "looks at the domain of an address alone",
  "POST /api/sso/start": "signing in elsewhere",
  "GET /api/sso/oidc/{tenant}/callback": "judges the attempt that comes back",
  "GET /api/sso/saml/{tenant}/metadata": "public addresses for an identity provider",
  "POST /api/sso/saml/{tenant}/acs": "judges the response it is sent",
  "GET /api/sso/saml/{tenant}/finish": "judges the attempt that comes back",
  "GET /api/sso/social/{provider}/callback": "judges the attempt that comes back",
  "POST /api/sso/social/{provider}/callback": "sends the browser on to the same by GET",
  "GET /scim/v2/ServiceProviderConfig": "judges the directory's token",
  "GET /scim/v2/ResourceTypes": "judges the directory's token",
  "GET /scim/v2/Schemas": "judges the directory's token",
  "GET /scim/v2/Users": "judges the directory's token",
  "POST /scim/v2/Users": "judges the directory's token",
  "GET /scim/v2/Users/{id}": "judges the directory's token",
  "PUT /scim/v2/Users/{id}": "judges the directory's token",
  "PATCH /scim/v2/Users/{id}": "judges the directory's token",
  "DELETE /scim/v2/Users/{id}": "judges the directory's token",
  "GET /scim/v2/Groups": "judges the directory's token",
  "POST /scim/v2/Groups": "judges the directory's token",
  "GET /scim/v2/Groups/{id}": "judges the directory's token",
  "PUT /scim/v2/Groups/{id}": "judges the directory's token",
  "PATCH /scim/v2/Groups/{id}": "judges the directory's token",
  "DELETE /scim/v2/Groups/{id}": "judges the directory's token",
  "POST /api/check": "the check without an account; nothing is stored",
  "GET /api/check/example": "the check without an account; nothing is stored",
};

/** Permissions that are given to nobody on purpose, each with the reason: their routes refuse everybody. */
export const heldByNobody: Readonly<Record<string, string>> = {
  "lab.certificate.unlock": "what was issued is amended by a new certificate and never opened again",
};

/** Routes about a browser's own session answer 401 without a live one; these cells answer otherwise. */
export const sessionRoutes: Readonly<Record<string, Partial<Record<Cell, number>>>> = {
  // Signing out twice is signing out.
  "DELETE /api/session": Object.fromEntries(Object.keys(expected).map((cell) => [cell, 204])),
  // Where the operator allows no new workspaces, nobody is asked who they are.
  "POST /api/workspaces": { "disabled person": 403 },
  // A made-up grant is none, whoever brings it.
  "POST /api/operator-grants/accept": { "disabled person": 410 },
};

/** Cells in which a route answers otherwise than its permission says, each with the reason beside it. */
export const exceptions: Readonly<Record<string, Partial<Record<Cell, readonly number[]>>>> = {
  // What is asked of a frozen workspace is answered: whether it is, and its thawing, which wants a fresh proof.
  "GET /api/workspace/freeze": { "frozen workspace": [200, 409] },
  "POST /api/workspace/thaw": { "frozen workspace": [403] },
};

const template = {
  title: "Certificate",
  laboratory: "Matrix",
  address: [],
  columns: [],
  statements: [],
  decimalMark: ".",
  zone: "UTC",
  fourEyes: true,
};

const schedule = {
  productId: "00000000-0000-7000-8000-000000000000",
  specificationId: "00000000-0000-7000-8000-000000000000",
  pointIds: [],
  rhythm: { kind: "days", every: 1 },
  zone: "UTC",
  dueTime: "08:00",
  fromOn: "2030-01-31",
  aheadDays: 1,
  graceMinutes: 60,
  missed: "mark",
};

/** What must be filled in by hand, because only certain values get past the first look. */
export const samples: Samples = {
  "POST /api/lab/instruments": { more: { calibrationMonths: 12 } },
  "POST /api/lab/instruments/{id}/change": { more: { calibrationMonths: 12 } },
  "POST /api/lab/settings": {
    body: { name: "gate.quality-control", value: { required: "declared" }, reason: "Matrix" },
  },

  "POST /api/lab/schedules": { body: { name: "Matrix", schedule, reason: "Matrix" } },
  "POST /api/lab/schedules/{id}/versions": { body: { schedule, reason: "Matrix" } },
  "POST /api/lab/schedules/preview": { body: schedule },
  "POST /api/lab/trail-reviews": { body: { from: "2026-01-01", to: "2026-01-31" } },
  "GET /api/policy/{name}/history": { params: { name: "file.linkMinutes" } },
  "PUT /api/policy/{name}": { params: { name: "file.linkMinutes" }, body: { value: 30, reason: "Matrix" } },
  "POST /api/people/invitations": { body: { email: "matrix@example.test", role: "member" } },
  "GET /api/ledger/platform/tile/{level}/{a}": { params: { level: "0", a: "000" } },
  "GET /api/ledger/platform/tile/{level}/{a}/{b}": { params: { level: "0", a: "x001", b: "000" } },
  "GET /api/ledger/platform/tile/{level}/{a}/{b}/{c}": { params: { level: "0", a: "x001", b: "x001", c: "000" } },
  "GET /api/ledger/platform/tile/{level}/{a}/{b}/{c}/{d}": {
    params: { level: "0", a: "x001", b: "x001", c: "x001", d: "000" },
  },
  "GET /api/ledger/proof/{leaf}": { params: { leaf: "0" } },
  "GET /api/ledger/tile/{level}/{a}": { params: { level: "0", a: "000" } },
  "GET /api/ledger/tile/{level}/{a}/{b}": { params: { level: "0", a: "x001", b: "000" } },
  "GET /api/ledger/tile/{level}/{a}/{b}/{c}": { params: { level: "0", a: "x001", b: "x001", c: "000" } },
  "GET /api/ledger/tile/{level}/{a}/{b}/{c}/{d}": {
    params: { level: "0", a: "x001", b: "x001", c: "x001", d: "000" },
  },
  "GET /api/files/{token}": { params: { token: `ln_${"A".repeat(43)}` } },
  "GET /api/lab/delivered/{token}": { params: { token: `ln_${"A".repeat(43)}` } },
  "GET /api/lab/delivered/{token}/pdf": { params: { token: `ln_${"A".repeat(43)}` } },
  "GET /api/lab/delivered/{token}/json": { params: { token: `ln_${"A".repeat(43)}` } },
  "POST /api/lab/certificate-templates": { body: { name: "Matrix", reason: "Matrix", definition: template } },
  "POST /api/lab/certificate-templates/preview": { body: { definition: template } },
  "POST /api/lab/certificates/{id}/deliveries": {
    body: { recipient: "Matrix", email: "matrix@example.test", days: 1 },
  },
  "POST /api/lab/customers/{id}/contacts": { body: { name: "Matrix", email: "matrix@example.test" } },
  "POST /api/lab/samples/{id}/customer": { body: { customerId: null } },
  "POST /api/lab/samples/{id}/correct": { body: { reason: "Matrix", lot: "Matrix" } },
  "POST /api/ledger/anchors/targets": { body: { kind: "mail", name: "Matrix", address: "matrix@example.test" } },
  "POST /api/ledger/anchors/targets/{id}/secret": { body: { overlapHours: 24 } },
  "POST /api/ledger/streams": {
    body: {
      name: "Matrix",
      kind: "webhook",
      address: "https://siem.example/in",
      format: "json",
      personal: false,
      from: "now",
    },
  },
  "POST /api/ledger/streams/{id}/back-fill": { body: { from: "beginning" } },
  "POST /api/ledger/streams/{id}/secret": { body: { overlapHours: 24 } },
  "PUT /api/ledger/streams/{id}/certificate": { body: { client: null } },
  "POST /api/sso/domains": { body: { domain: "matrix.example" } },
  "POST /api/sso/connections": {
    body: {
      kind: "oidc",
      name: "Matrix",
      issuer: "https://idp.example",
      clientId: "matrix",
      clientSecret: "matrix-secret",
      defaultRole: "member",
      admitsNew: true,
      trustsMfa: false,
    },
  },
  "PUT /api/sso/connections/{id}": {
    body: {
      kind: "oidc",
      name: "Matrix",
      issuer: "https://idp.example",
      clientId: "matrix",
      clientSecret: "matrix-secret",
      defaultRole: "member",
      admitsNew: true,
      trustsMfa: false,
    },
  },
  "PUT /api/sso/directory/groups/{id}": { body: { role: null } },
  "PUT /api/sso/force": { body: { forced: false, breakGlassId: null } },
  "POST /api/keys": { body: { name: "Matrix", permissions: ["kernel.job.read"], days: 1 } },
  "POST /api/regulatory-docs/findings/{id}/due": { body: { dueOn: "2030-01-31" } },
};
