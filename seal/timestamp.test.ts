import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { firstTimeStamp, timestampClient } from "./timestamp.ts";
import { installed, outside, plainFetch, testAuthority } from "./testing/index.ts";
import type { Misbehaviour, TestAuthority } from "./testing/index.ts";

const digest = createHash("sha256").update("a checkpoint").digest();
const folder = mkdtempSync(join(tmpdir(), "probity-stamp-"));
let first: TestAuthority;
let second: TestAuthority;

beforeAll(async () => {
  first = await testAuthority({ name: "First" });
  second = await testAuthority({ name: "Second" });
});
beforeEach(() => first.behave("nothing"));
afterAll(async () => {
  await first.close();
  await second.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("SIG-03 a time-stamp is checked before it is believed", () => {
  const client = () => timestampClient(first.url, { fetch: plainFetch, timeoutSeconds: 20 });

  test("a good one says when, by whom, and is one to other readers too", async () => {
    const stamp = await client().stamp(digest);
    expect(Math.abs(stamp.at.getTime() - Date.now())).toBeLessThan(60_000);
    expect(stamp.authority).toBe("CN=First");
    expect(Buffer.from(stamp.certificate).equals(first.certificate)).toBe(true);
  });

  test.skipIf(!installed("openssl", "version"))("openssl ts verifies it", async () => {
    const stamp = await client().stamp(digest);
    const [token, root] = [join(folder, "token.der"), join(folder, "root.pem")];
    writeFileSync(token, stamp.token);
    writeFileSync(root, new X509Certificate(first.certificate).toString());
    const args = ["ts", "-verify", "-token_in", "-in", token, "-CAfile", root, "-digest"];
    expect(outside("openssl", [...args, digest.toString("hex")]).said).toContain("Verification: OK");
    const other = createHash("sha256").update("other").digest("hex");
    expect(outside("openssl", [...args, other]).said).toContain("Verification: FAILED");
  });

  test.each<[Misbehaviour, string]>([
    ["refuses", "quota used up"],
    ["fails", "503"],
    ["hangs up", "not reached"],
    ["other digest", "something else"],
    ["other nonce", "nonce"],
    ["no nonce", "nonce"],
    ["broken signature", "did not make this signature"],
    ["not for time-stamping", "not for time-stamping"],
    ["outside its validity", "not valid at its time"],
    ["no answer of ours", "no time-stamp that holds"],
  ])("an authority that %s is not believed", async (how, reason) => {
    first.behave(how);
    await expect(client().stamp(digest)).rejects.toThrow(reason);
  });

  test("a certificate that was not configured is not believed", async () => {
    const pinned = createHash("sha256").update(second.certificate).digest("hex");
    const strict = timestampClient(first.url, { fetch: plainFetch, certificates: [pinned] });
    await expect(strict.stamp(digest)).rejects.toThrow("not one of those configured");
  });

  test("authorities are asked in their order, and the next only when one fails", async () => {
    const clients = [first, second].map(({ url }) => timestampClient(url, { fetch: plainFetch }));
    const before = second.requests();
    const good = await firstTimeStamp(clients, digest);
    expect(good.stamp?.authority).toBe("CN=First");
    expect(second.requests()).toBe(before);
    for (const how of ["fails", "hangs up", "other nonce"] as const) {
      first.behave(how);
      // oxlint-disable-next-line no-await-in-loop -- one behaviour after the other
      const next = await firstTimeStamp(clients, digest);
      expect(next.stamp?.authority).toBe("CN=Second");
      expect(next.refusals).toHaveLength(1);
    }
    second.behave("fails");
    const none = await firstTimeStamp(clients, digest);
    expect(none.stamp).toBeUndefined();
    expect(none.refusals).toHaveLength(2);
    second.behave("nothing");
  });
});
