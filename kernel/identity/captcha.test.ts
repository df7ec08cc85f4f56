import { createHash, hash } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestKernel, type TestKernel } from "../testing/kernel.ts";
import { openWebService } from "../testing/web-service.ts";
import { Problem } from "../work/problem.ts";
import { BreachedLookup } from "./breached-password.ts";
import { Captcha, type CaptchaConfig } from "./captcha.ts";
import { ProofOfWork, type Challenge } from "./proof-of-work.ts";

let kernel: TestKernel;
beforeAll(async () => {
  kernel = await openTestKernel();
});
afterAll(() => kernel.close());

const source = { address: "203.0.113.9", requestId: "test" };
const siteUrl = "https://probity.example";
async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  return "passed";
}

describe("the proof of work", () => {
  const open = () => new Captcha(kernel, siteUrl, { kind: "proof" });
  const numberOf = ({ salt, target, max }: Challenge) => {
    for (let number = 0; number <= max; number += 1) {
      if (hash("sha256", `${salt}.${number}`, "hex") === target) return number;
    }
    throw new Error("not to be solved");
  };
  const answerOf = (challenge: Challenge, number = numberOf(challenge)) => {
    const { salt, target, max, expires, signature } = challenge;
    return [salt, target, max, expires, signature, number].join(".");
  };

  test("IDN-07 a solved challenge passes once, on whatever server it comes to", async () => {
    const challenge = open().challenge();
    const answer = answerOf(challenge);
    const seen = await Promise.all(Array.from({ length: 8 }, () => code(open().check("reset", answer, source))));
    expect(seen.filter((each) => each === "passed")).toHaveLength(1);
    expect(seen.filter((each) => each === "account.robot_check")).toHaveLength(7);
  });

  test("IDN-07 unsolved, too old, made easier or made up, it does not pass", async () => {
    const challenge = open().challenge();
    const number = numberOf(challenge);
    const easy = createHash("sha256").update(`${challenge.salt}.0`).digest("hex");
    for (const answer of [
      answerOf(challenge, number === 0 ? 1 : number - 1),
      answerOf({ ...challenge, expires: challenge.expires + 1 }, number),
      answerOf({ ...challenge, target: easy }, 0),
      answerOf({ ...challenge, signature: "A".repeat(43) }, number),
      answerOf({ ...challenge, max: 1 }, number),
      "",
      "x".repeat(4000),
    ]) {
      expect(await code(open().check("reset", answer, source))).toBe("account.robot_check");
    }
    expect(await code(open().check("reset", answerOf(challenge, number), source))).toBe("passed");
    const old = new ProofOfWork(kernel.identityPool, kernel.rootKey.key);
    expect(await old.check(answerOf(old.challenge(Date.now() - 11 * 60_000)))).toBe(false);
  });
});

describe("services", () => {
  const good = { success: true, hostname: "probity.example", action: "reset", score: 0.9 };
  const kinds = ["recaptcha", "turnstile", "hcaptcha"] as const;
  const asked = async (kind: (typeof kinds)[number], verdict: object | string | "silence", status = 200) => {
    const service = await openWebService(() =>
      verdict === "silence"
        ? verdict
        : { status, body: typeof verdict === "string" ? verdict : JSON.stringify(verdict) },
    );
    try {
      const config: CaptchaConfig = {
        kind,
        siteKey: "site-key-0001",
        secret: "geheim",
        url: `${service.url}/siteverify`,
      };
      return {
        code: await code(new Captcha(kernel, siteUrl, config).check("reset", "token-1", source)),
        calls: service.calls,
      };
    } finally {
      await service.close();
    }
  };

  test.each(kinds)("IDN-07 %s is asked with secret, answer and address, and its word counts", async (kind) => {
    const passed = await asked(kind, good);
    expect(passed.code).toBe("passed");
    const [call] = passed.calls;
    expect([call?.method, call?.path]).toEqual(["POST", "/siteverify"]);
    const form = new URLSearchParams(call?.body);
    expect([form.get("secret"), form.get("response"), form.get("remoteip")]).toEqual([
      "geheim",
      "token-1",
      "203.0.113.9",
    ]);
    expect((await asked(kind, { ...good, success: false })).code).toBe("account.robot_check");
    expect((await asked(kind, { ...good, success: "true" })).code).toBe("account.robot_check");
    // Solved on a page of somebody else's.
    expect((await asked(kind, { ...good, hostname: "evil.example" })).code).toBe("account.robot_check");
  });

  test.each(kinds)("IDN-07 while %s can't be reached or answers nonsense, nobody passes", async (kind) => {
    for (const [verdict, status] of [
      ["silence", 200],
      ["<html>", 200],
      [good, 503],
    ] as const) {
      expect((await asked(kind, verdict, status)).code).toBe("account.robot_check_away");
    }
  });

  test("IDN-07 an answer made for another act, or of a likely robot, does not pass", async () => {
    expect((await asked("recaptcha", { ...good, score: 0.3 })).code).toBe("account.robot_check");
    expect((await asked("recaptcha", { ...good, score: undefined })).code).toBe("account.robot_check");
    for (const kind of ["recaptcha", "turnstile"] as const) {
      expect((await asked(kind, { ...good, action: "register" })).code).toBe("account.robot_check");
    }
  });
});

describe("breached passwords", () => {
  const password = "copper lantern folds 81";
  const hash = createHash("sha1").update(password).digest("hex").toUpperCase();
  const looked = async (answer: Parameters<typeof openWebService>[0]) => {
    const service = await openWebService(answer);
    try {
      const lookup = new BreachedLookup(kernel, `${service.url}/range/`);
      return { code: await code(lookup.refuseKnown(password)), calls: service.calls };
    } finally {
      await service.close();
    }
  };

  test("IDN-01 a breached password is refused, and the service learns five digits of its hash", async () => {
    const list = `0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n${hash.slice(5)}:12\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:0`;
    const { code: found, calls } = await looked(() => ({ body: list }));
    expect(found).toBe("identity.password_refused");
    expect(calls.map(({ path }) => path)).toEqual([`/range/${hash.slice(0, 5)}`]);
    expect(calls[0]?.headers["add-padding"]).toBe("true");
    expect(JSON.stringify(calls)).not.toContain(hash.slice(5));
  });

  test("IDN-01 one that is not listed, or only as padding, is taken", async () => {
    expect((await looked(() => ({ body: "0018A45C4D1DEF81644B54AB7F969B88D65:3" }))).code).toBe("passed");
    expect((await looked(() => ({ body: `${hash.slice(5)}:0` }))).code).toBe("passed");
  });

  test("IDN-01 when the service is away the password is taken, and the ledger says so", async () => {
    expect((await looked(() => "silence")).code).toBe("passed");
    expect((await looked(() => ({ status: 503, body: "" }))).code).toBe("passed");
    const admin = new Client(kernel.admin);
    await admin.connect();
    await admin.query("set role probity_door");
    const found = await admin.query(
      "select 1 from (select action from kernel.ledger_inbox union all select action from kernel.ledger_event) l where action = 'kernel.password.lookup'",
    );
    await admin.end();
    expect(found.rowCount).toBe(2);
  });
});
