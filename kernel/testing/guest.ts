import { randomBytes } from "node:crypto";
import { openIdentity } from "../identity/identity.ts";
import { acceptInvitation } from "../identity/invitation.ts";
import type { TestPerson } from "./kernel.ts";
import type { TestServer } from "./server.ts";

/** Somebody new takes up an invitation by its link, as the page does. */
export async function takeUp(server: Pick<TestServer, "kernel">, link: string, name: string): Promise<TestPerson> {
  const identity = openIdentity(server.kernel, { url: "http://localhost" });
  const source = { address: "127.0.0.1", requestId: "guest" };
  const password = randomBytes(18).toString("base64url");
  const joined = await acceptInvitation(identity, link.slice(link.lastIndexOf("/") + 1), {
    name,
    password,
    source,
    userAgent: "test",
  });
  return {
    userId: joined.session.userId,
    membershipId: joined.membershipId,
    session: { kind: "session", token: joined.session.token, workspace: joined.tenantId, source },
  };
}
