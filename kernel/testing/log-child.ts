// A publisher in a process of its own, which ends itself without warning between two named steps: what a power cut leaves.
import { Type } from "typebox";
import { Value } from "typebox/value";
import { openPool } from "../database/pool.ts";
import { Publisher } from "../ledger/publisher.ts";
import { Sequencer } from "../ledger/sequencer.ts";
import { openSigner } from "../ledger/signer.ts";
import { testRootKey } from "./database.ts";

const { address, keyFile, stateFolder, endAt } = Value.Parse(
  Type.Object({
    address: Type.Object({ host: Type.String(), port: Type.Integer(), database: Type.String() }),
    keyFile: Type.String(),
    stateFolder: Type.String(),
    endAt: Type.String(),
  }),
  JSON.parse(process.argv[2] ?? "{}"),
);
const step = (name: string) => {
  if (name === endAt) process.kill(process.pid, "SIGKILL");
};
const pool = openPool(address, testRootKey.key, "probity_worker", { max: 2 });
await new Sequencer(pool).drain();
step("sequenced");
const publisher = new Publisher({
  address,
  rootKey: testRootKey,
  host: "log.example",
  openSigner: () => openSigner({ kind: "child", keyFile, stateFolder }),
  keyBesideData: true,
  step,
});
await publisher.drain();
await publisher.stop();
await pool.end();
