// The signer's process: holds the log's key, remembers what it signed, and talks over its standard input and output. It has no
// connection to the database and opens none to anywhere.
import { serveSigner } from "./signer-protocol.ts";
import { openSignerCore } from "./signer-server.ts";

const [keyFile, stateFolder] = process.argv.slice(2);
try {
  if (keyFile === undefined || stateFolder === undefined) throw new Error("signer-main KEY-FILE STATE-FOLDER");
  await serveSigner(openSignerCore(keyFile, stateFolder), process.stdin, process.stdout);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
