// The signer's process: holds the log's key, remembers what it signed, and talks over its standard input and output, or over a
// Unix socket where it runs apart. It has no network, no database and no file but its own two.
import { chmodSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { SignerCore } from "./signer-core.ts";
import { openSignerKey } from "./signer-key.ts";
import { serveSigner } from "./signer-protocol.ts";
import { SignerState } from "./signer-state.ts";

const [keyFile, stateFolder, socket] = process.argv.slice(2);
if (keyFile === undefined || stateFolder === undefined) throw new Error("signer-main KEY-FILE STATE-FOLDER [SOCKET]");
try {
  const core = new SignerCore(openSignerKey(keyFile), new SignerState(stateFolder));
  if (socket === undefined) {
    await serveSigner(core, process.stdin, process.stdout);
    process.exit(0);
  }
  rmSync(socket, { force: true });
  const server = createServer((connection) => {
    connection.on("error", () => connection.destroy());
    void serveSigner(core, connection, connection).catch(() => connection.destroy());
  });
  server.listen(socket, () => chmodSync(socket, 0o660));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
