import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { SignerCore } from "./signer-core.ts";
import { openSignerKey } from "./signer-key.ts";
import { serveSigner } from "./signer-protocol.ts";
import { SignerState } from "./signer-state.ts";

/** The signer's rules over its key file and its memory. */
export function openSignerCore(keyFile: string, stateFolder: string): SignerCore {
  return new SignerCore(openSignerKey(keyFile), new SignerState(stateFolder));
}

/** A signer that runs apart from the server, as another user if wanted: whoever may open the socket may have the log signed. */
export async function serveSignerAt(socket: string, core: SignerCore): Promise<Server> {
  rmSync(socket, { force: true });
  const server = createServer((connection) => {
    connection.on("error", () => connection.destroy());
    serveSigner(core, connection, connection).catch(() => connection.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(socket, resolve);
  });
  chmodSync(socket, 0o660);
  return server;
}
