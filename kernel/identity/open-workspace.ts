import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Kernel } from "../kernel.ts";
import { foundWorkspace } from "../tenancy/found-workspace.ts";
import type { Source } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { identityProblem } from "./error.ts";
import { plainName } from "./plain-name.ts";
import { admit } from "./membership.ts";
import { slugOf } from "./setup.ts";

export type OpenedWorkspace = { readonly workspaceId: string; readonly slug: string; readonly membershipId: string };

/** Opens a workspace with its owner, keys, policies and, if asked for, sample data: all in one transaction. */
export async function openWorkspace(
  kernel: Kernel,
  wanted: {
    owner: { userId: string; name: string; email: string };
    workspace: { name: string; preset: string };
    source: Source;
    furnish?: ((tx: Tx) => Promise<void>) | undefined;
  },
): Promise<OpenedWorkspace> {
  const name = plainName(wanted.workspace.name);
  if (name.length === 0 || name.length > 80) throw identityProblem.name_missing();
  const workspaceId = uuidv7();
  const slug = ownSlug(name, workspaceId);
  const { userId, email } = wanted.owner;
  const membershipId = await foundWorkspace(
    kernel,
    kernel.system(workspaceId, wanted.source),
    { slug, name, preset: wanted.workspace.preset },
    async (tx) => {
      const id = await admit(tx, { userId, name: wanted.owner.name, email, role: "owner" });
      await wanted.furnish?.(tx);
      return id;
    },
  );
  return { workspaceId, slug, membershipId };
}

/**
 * Addresses of workspaces are unique over the instance. Each one opened this way carries a part of its id, so that the name
 * of another's workspace can't be found out by trying it.
 */
function ownSlug(name: string, id: string): string {
  return `${slugOf(name).slice(0, 48)}-${id.slice(-6)}`;
}
