import type { Kernel } from "../kernel.ts";
import { layPreset } from "../policy/store.ts";
import type { Credential } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";

/** Opens a workspace with keys of its own and works in it as the system, in one transaction: all of it or nothing. */
export function foundWorkspace<T>(
  kernel: Pick<Kernel, "door" | "keyring">,
  credential: Credential & { kind: "system" },
  workspace: { slug: string; name: string; preset: string },
  run: (tx: Tx) => Promise<T>,
): Promise<T> {
  return kernel.door.found(credential, workspace, async (tx) => {
    await kernel.keyring.create(tx);
    await layPreset(tx, workspace.preset);
    return run(tx);
  });
}
