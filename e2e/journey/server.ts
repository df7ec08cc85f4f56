// A server as `npm start` runs it, but for its probes: a round of them takes as much of the processor as a journey, and is what
// the tests of the trust page are about.
import { startServer } from "../../server/serve.ts";

await startServer({ startAfterSeconds: 3600 });
