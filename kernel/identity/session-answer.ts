import { httpProblem } from "../http/problem-document.ts";
import type { Answer, RouteRequest } from "../http/route.ts";
import { factorsOf, type Own } from "./factor.ts";
import { factorProblem } from "./factor-error.ts";
import type { Identity } from "./identity.ts";
import { sessionProfile } from "./session.ts";
import { awaitingSession } from "./session-token.ts";
import { stepUpOf } from "./step-up.ts";

/** What a workspace asks of a session, and when it ends one there; null where it is not told. */
type Gate = {
  readonly mfaRequired: boolean;
  readonly frozen: boolean;
  readonly idleMinutes: number | null;
  readonly absoluteHours: number | null;
};
type Standing = {
  readonly assurance: number;
  readonly secondFactor: boolean;
  readonly workspaces: ReadonlyMap<string, Gate>;
};

/** Who a session is, what it has proved, and what each workspace asks for. 401 `factor.awaited` for a half sign-in. */
export async function profileAnswer(identity: Identity, token: string): Promise<Answer> {
  const profile = await sessionProfile(identity, token);
  if (profile === undefined) throw await notSignedIn(identity, token);
  const standing = await standingOf(identity, token);
  const none: Gate = { mfaRequired: false, frozen: false, idleMinutes: null, absoluteHours: null };
  return {
    body: {
      user: { id: profile.userId, name: profile.name, email: profile.email },
      assurance: standing.assurance,
      secondFactor: standing.secondFactor,
      workspaces: profile.workspaces.map((each) => ({ ...each, ...(standing.workspaces.get(each.id) ?? none) })),
    },
  };
}

/** The answer to a sign-in that was right: the profile, or 202 with the second factors that would complete it. */
export async function signedInAnswer(identity: Identity, token: string): Promise<Answer> {
  const awaiting = await awaitingAnswer(identity, token);
  return awaiting ?? profileAnswer(identity, token);
}

export async function awaitingAnswer(identity: Identity, token: string): Promise<Answer | undefined> {
  const awaiting = await awaitingSession(identity.kernel.identityPool, token);
  if (awaiting === undefined) return undefined;
  const { totp, passkeys, recoveryCodesLeft } = await factorsOf(identity.kernel.identityPool, awaiting.userId);
  return {
    status: 202,
    body: {
      awaits: { totp: totp !== null, passkey: passkeys.length > 0, recoveryCode: recoveryCodesLeft > 0 },
    },
  };
}

/** The signed-in person at their own account, with the fresh proof they bring along. */
export async function ownOf(identity: Identity, request: RouteRequest): Promise<Own> {
  const token = request.sessionToken;
  const profile = token === null ? undefined : await sessionProfile(identity, token);
  if (token === null) throw httpProblem.not_signed_in();
  if (profile === undefined) throw await notSignedIn(identity, token);
  return { ...profile, token, grant: stepUpOf(request.raw), source: request.source };
}

/**
 * The same for changing how one signs in. A session made by one workspace's identity provider may not, when the person
 * belongs to others: whoever runs that provider would plant a way of their own into those.
 */
export async function ownCredentialsOf(identity: Identity, request: RouteRequest): Promise<Own> {
  const own = await ownOf(identity, request);
  const found = await identity.kernel.identityPool.query<{ sso_tenant_id: string | null }>(
    "select sso_tenant_id from identity.session where id = $1",
    [own.sessionId],
  );
  const provider = found.rows[0]?.sso_tenant_id ?? null;
  if (provider !== null) {
    const { workspaces } = await standingOf(identity, own.token);
    if ([...workspaces.keys()].some((id) => id !== provider)) throw factorProblem.through_one_workspace();
  }
  return own;
}

/** What a session has proved; nothing for one that has ended. */
export async function standingOf({ kernel }: Pick<Identity, "kernel">, token: string): Promise<Standing> {
  const [row] = await kernel.door.callFunction({
    sql: "select * from kernel.session_standing($1)",
    parameters: [token],
  });
  const listed: unknown = row?.["workspaces"];
  const entries = typeof listed === "object" && listed !== null ? Object.entries(listed) : [];
  return {
    assurance: Number(row?.["assurance"] ?? 0),
    secondFactor: row?.["second_factor"] === true,
    workspaces: new Map(
      entries.map(([id, gate]) => [
        id,
        {
          mfaRequired: isOn(gate, "mfaRequired"),
          frozen: isOn(gate, "frozen"),
          idleMinutes: numberOf(gate, "idleMinutes"),
          absoluteHours: numberOf(gate, "absoluteHours"),
        },
      ]),
    ),
  };
}

async function notSignedIn({ kernel }: Identity, token: string): Promise<Error> {
  const awaiting = await awaitingSession(kernel.identityPool, token);
  return awaiting === undefined ? httpProblem.not_signed_in() : factorProblem.awaited();
}

function isOn(gate: unknown, name: string): boolean {
  return typeof gate === "object" && gate !== null && Reflect.get(gate, name) === true;
}

function numberOf(gate: unknown, name: string): number | null {
  const value: unknown = typeof gate === "object" && gate !== null ? Reflect.get(gate, name) : null;
  return typeof value === "number" ? value : null;
}
