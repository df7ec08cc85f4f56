/**
 * Prints the longest pause, in milliseconds, while a text of 25 MB is read, checked and sealed; argument: an empty folder.
 * A program of its own, as a server is: in a process that holds a gigabyte of other tests' files, starting a child alone
 * takes 100 ms of copied page tables.
 */
import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { testRootKey } from "./database.ts";
import { TenantKeyring, type TenantKeys } from "../vault/tenant-key.ts";
import { LocalBlobStore } from "../files/blob-store.ts";
import { ExtractionPool } from "../files/extract-pool.ts";
import { FileVault } from "../files/file-vault.ts";
import { defaultFileLimits } from "../files/limit.ts";
import { longestBlock } from "./longest-block.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Give the folder to store in.");
const pool = new ExtractionPool({ limits: defaultFileLimits, ocr: false });
const vault = new FileVault(new LocalBlobStore(folder), new TenantKeyring(testRootKey));
const key = () => createSecretKey(randomBytes(32));
const keys: TenantKeys = { index: key(), data: key(), dataKeyId: randomUUID(), byId: key };
const sentence = "The owner shall review each complaint, and keep a record of it. ";
const bytes = Buffer.alloc(25 * 1024 * 1024, `${sentence.repeat(20)}\n\n`);
const milliseconds = await longestBlock(async () => {
  const read = await pool.extract({ kind: "txt", fileName: "a.txt", bytes });
  if (read.json.length < bytes.length) throw new Error("Some of the text is missing.");
  await vault.store(randomUUID(), keys, read.json, "json");
});
await pool.close();
process.stdout.write(JSON.stringify({ milliseconds }));
