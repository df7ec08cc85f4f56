import { issueKey, newSecret } from "../../identity/api-key.ts";
import { openSsoServer, type SsoServer } from "../sso/server.ts";
import type { Credential } from "../../work/credential.ts";
import { Problem } from "../../work/problem.ts";
import { query } from "../../work/query.ts";

/** A workspace with a verified domain and a token for its directory. */
export type Space = Awaited<ReturnType<SsoServer["workspace"]>> & { domain: string; token: string; tokenId: string };

type ScimBody = {
  id: string;
  detail?: string;
  scimType?: string;
  totalResults?: number;
  active?: boolean;
  Resources: { id: string }[];
  groups?: unknown;
  [name: string]: unknown;
};
export type Answered = { status: number; body: ScimBody; headers: Headers };
type Member = { id: string; user_id: string; role: string; status: string; email: string; name: string };

/** A server, and a directory that writes to workspaces of it. */
export type Directory = {
  readonly server: SsoServer;
  space(): Promise<Space>;
  call(
    at: Space,
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answered>;
  /** A user as Okta sends one. */
  user(at: Space, name: string, more?: object): object;
  create(at: Space, name: string, more?: object): Promise<string>;
  /** The membership behind a user. */
  memberOf(at: Space, id: string): Promise<Member | undefined>;
  /** A live session, key and link of this user; gives what each of them answers now. */
  waysIn(at: Space, id: string): Promise<() => Promise<unknown[]>>;
  close(): Promise<void>;
};

export const patch = (...Operations: object[]) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
  Operations,
});

export async function openDirectory(): Promise<Directory> {
  const server = await openSsoServer();
  const { kernel } = server;
  let count = 0;

  const call: Directory["call"] = async (at, method, path, body, headers = {}) => {
    const answer = await fetch(`${server.origin}/scim/v2${path}`, {
      method,
      headers: {
        authorization: `Bearer ${at.token}`,
        ...(body === undefined ? {} : { "content-type": "application/scim+json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: JSON.parse(text === "" ? "{}" : text), headers: answer.headers };
  };
  const user: Directory["user"] = (at, name, more = {}) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: `${name}@${at.domain}`,
    externalId: `ext-${name}`,
    name: { givenName: "Ada", familyName: "Byron" },
    emails: [{ value: `${name}@${at.domain}`, type: "work", primary: true }],
    active: true,
    title: "passed over",
    ...more,
  });
  const memberOf: Directory["memberOf"] = async (at, id) => {
    const found = await kernel.acrossPool.query<Member>(
      `select m.id, m.user_id, m.role, m.status, m.email, m.name from kernel.scim_user u
       join kernel.membership m on m.tenant_id = u.tenant_id and m.id = u.membership_id where u.tenant_id = $1 and u.id = $2`,
      [at.id, id],
    );
    return found.rows[0];
  };
  return {
    server,
    call,
    user,
    memberOf,
    space: async () => {
      const domain = `scim${count++}.example`;
      const made = await server.workspace(domain);
      const answer = await server.as(made.owner)("POST", "/api/sso/directory/tokens", { name: "Okta" });
      const { token, id }: { token: string; id: string } = await answer.json();
      return { ...made, domain, token, tokenId: id };
    },
    create: async (at, name, more = {}) => {
      const made = await call(at, "POST", "/Users", user(at, name, more));
      if (made.status !== 201) throw new Error(`${made.status} ${made.body.detail ?? ""}`);
      return made.body.id;
    },
    waysIn: async (at, id) => {
      const member = await memberOf(at, id);
      if (member === undefined) throw new Error("no member");
      const session = await kernel.addPerson(at.id, "member");
      await kernel.identityPool.query("update identity.session set user_id = $2 where user_id = $1", [
        session.userId,
        member.user_id,
      ]);
      const expiresAt = new Date(Date.now() + 3_600_000);
      const link = newSecret("ln_");
      const linkId = crypto.randomUUID();
      const key = await kernel.door.work(kernel.system(at.id), "kernel.people.change", async (tx) => {
        await tx.record({ action: "kernel.link.create", record: "kernel.link", rowId: linkId, version: 1 });
        await tx.all(
          query.insertInto("kernel.link").values({
            id: linkId,
            secret_hash: link.hash,
            purpose: "test",
            subject_id: linkId,
            permission: "kernel.home.read",
            membership_id: member.id,
            expires_at: expiresAt,
          }),
        );
        const permissions = ["kernel.home.read"];
        return issueKey(tx, { membershipId: member.id, name: "key", permissions, expiresAt });
      });
      const source = { address: "127.0.0.1", requestId: "test" };
      const enter = (credential: Credential) =>
        kernel.door
          .work(credential, "kernel.home.read", async () => "in")
          .catch((error: unknown) => (error instanceof Problem ? error.code : error));
      return () =>
        Promise.all([
          enter({ ...session.session, workspace: at.id }),
          enter({ kind: "key", token: key.token, source }),
          enter({ kind: "link", token: link.token, source }),
        ]);
    },
    close: () => server.close(),
  };
}
