import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { isPublicAddress } from "./outgoing-address.ts";
import { fetchOutside, type OutsideAddress } from "./outgoing.ts";

const running: Server[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A loopback server; gives its origin, and what it was asked. */
async function listen(handle: RequestListener): Promise<{ origin: string; port: number; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? "-"}`);
    handle(request, response);
  });
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { origin: `http://127.0.0.1:${address.port}`, port: address.port, asked };
}

const refused = { status: 422, code: "outgoing.address_refused" };

describe("APP-06 SSRF: an address inside is refused, however it is written", () => {
  test.each([
    ["http://example.com/"],
    ["ftp://example.com/"],
    ["file:///etc/passwd"],
    ["https://user:word@example.com/"],
    ["https://127.0.0.1/"],
    ["https://2130706433/"],
    ["https://0x7f.0.0.1/"],
    ["https://0177.0.0.1/"],
    ["https://127.1/"],
    ["https://0/"],
    ["https://１２７.0.0.1/"],
    ["https://localhost/"],
    ["https://10.1.2.3/"],
    ["https://100.64.0.1/"],
    ["https://169.254.169.254/latest/meta-data"],
    ["https://172.31.255.255/"],
    ["https://192.168.0.1/"],
    ["https://224.0.0.1/"],
    ["https://255.255.255.255/"],
    ["https://[::]/"],
    ["https://[::1]/"],
    ["https://[::ffff:169.254.169.254]/"],
    ["https://[::ffff:7f00:1]/"],
    ["https://[::127.0.0.1]/"],
    ["https://[64:ff9b::a9fe:a9fe]/"],
    ["https://[64:ff9b:1::a00:1]/"],
    ["https://[2002:7f00:1::]/"],
    ["https://[2001:0:7f00:1::]/"],
    ["https://[fc00::1]/"],
    ["https://[fd00:ec2::254]/"],
    ["https://[fe80::1]/"],
    ["https://[fec0::1]/"],
    ["https://[ff02::1]/"],
    ["not an address"],
  ])("%s", async (url) => {
    await expect(fetchOutside(url, { timeoutSeconds: 5 })).rejects.toMatchObject(refused);
  });

  test("addresses of the public internet are not", () => {
    for (const address of ["93.184.216.34", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"])
      expect([address, isPublicAddress(address)]).toEqual([address, true]);
    for (const address of ["fe80::1%eth0", "", "example.com"])
      expect([address, isPublicAddress(address)]).toEqual([address, false]);
  });

  test("a name with one address inside among addresses outside", async () => {
    const resolve = async () => [
      { address: "93.184.216.34", family: 4 },
      { address: "::ffff:127.0.0.1", family: 6 },
    ];
    await expect(fetchOutside("https://two.example/", { resolve })).rejects.toMatchObject(refused);
    await expect(fetchOutside("https://none.example/", { resolve: async () => [] })).rejects.toMatchObject(refused);
  });
});

describe("APP-06 DNS rebinding", () => {
  test("a name is asked for once, and the answer that was judged is what is connected to", async () => {
    const server = await listen((_, response) => response.end("here"));
    let times = 0;
    const resolve = async (): Promise<OutsideAddress[]> => {
      times += 1;
      return [{ address: times === 1 ? "127.0.0.1" : "192.0.2.1", family: 4 }];
    };
    const origin = `http://rebind.example:${server.port}`;
    const answer = await fetchOutside(`${origin}/a`, { resolve, trustedOrigins: [origin] });
    expect([answer.body.toString(), times]).toEqual(["here", 1]);
  });
});

describe("APP-06 redirects are judged like the first address", () => {
  test.each([
    ["http://127.0.0.1:1/"],
    ["https://169.254.169.254/"],
    ["https://[::ffff:10.0.0.1]/"],
    ["//0x7f.1/"],
    ["file:///etc/passwd"],
    ["https://a:b@example.com/"],
  ])("to %s", async (location) => {
    const server = await listen((_, response) => response.writeHead(302, { location }).end());
    const call = fetchOutside(server.origin, { trustedOrigins: [server.origin] });
    await expect(call).rejects.toMatchObject(refused);
  });

  test("three are followed, a fourth is not, and a body is never sent again", async () => {
    const server = await listen((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end("end");
      else response.writeHead(307, { location: `/${left - 1}` }).end();
    });
    const options = { trustedOrigins: [server.origin] };
    expect((await fetchOutside(`${server.origin}/3`, options)).body.toString()).toBe("end");
    await expect(fetchOutside(`${server.origin}/4`, options)).rejects.toMatchObject({ status: 502 });
    server.asked.length = 0;
    const post = fetchOutside(`${server.origin}/1`, { ...options, method: "POST", body: "secret" });
    await expect(post).rejects.toMatchObject({ status: 502 });
    expect(server.asked).toEqual(["/1 -"]);
  });

  test("what identifies us goes to the origin it was meant for and no other", async () => {
    const other = await listen((_, response) => response.end("other"));
    const first = await listen((request, response) =>
      request.url === "/"
        ? response.writeHead(302, { location: "/again" }).end()
        : response.writeHead(302, { location: `${other.origin}/` }).end(),
    );
    await fetchOutside(first.origin, {
      headers: { Authorization: "Basic c2VjcmV0" },
      trustedOrigins: [first.origin, other.origin],
    });
    expect(first.asked).toEqual(["/ Basic c2VjcmV0", "/again Basic c2VjcmV0"]);
    expect(other.asked).toEqual(["/ -"]);
  });
});

describe("APP-06 time and size are bounded", () => {
  test("a body that comes a byte at a time", async () => {
    const server = await listen((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write("."), 50);
      response.on("close", () => clearInterval(drip));
    });
    const call = fetchOutside(server.origin, { trustedOrigins: [server.origin], timeoutSeconds: 1 });
    await expect(call).rejects.toMatchObject({ status: 502, detail: expect.stringContaining("too long") });
  });
  test("an answer without end, and one that only says so", async () => {
    const server = await listen((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) continue;
        response.once("drain", more);
      };
      more();
    });
    const call = fetchOutside(server.origin, { trustedOrigins: [server.origin], maxBytes: 100_000 });
    await expect(call).rejects.toMatchObject({ status: 502, detail: expect.stringContaining("too large") });
  });
  test("a server that breaks off half-way is no answer", async () => {
    const server = await listen((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const call = fetchOutside(server.origin, { trustedOrigins: [server.origin] });
    await expect(call).rejects.toMatchObject({ status: 502 });
  });
});
