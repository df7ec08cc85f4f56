import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A certificate for tests, made at once: P-256, self-signed, for localhost and the loopback addresses (RFC 5280). */
export function testCertificate(options: { days?: number } = {}): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = seq(set(seq(oid("550403"), der(0x0c, Buffer.from("localhost")))));
  const now = Date.now();
  const validity = seq(time(now - 3_600_000), time(now + (options.days ?? 1) * 86_400_000));
  const algorithm = seq(oid("2a8648ce3d040302"));
  const names = seq(
    der(0x82, Buffer.from("localhost")),
    der(0x87, Buffer.of(127, 0, 0, 1)),
    der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])),
  );
  const extensions = seq(
    seq(oid("551d11"), der(0x04, names)),
    seq(oid("551d13"), der(0x01, Buffer.of(0xff)), der(0x04, seq(der(0x01, Buffer.of(0xff))))),
  );
  const body = seq(
    der(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ format: "der", type: "spki" }),
    der(0xa3, extensions),
  );
  const signature = sign("sha256", body, privateKey);
  const certificate = seq(body, algorithm, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  return { cert: pem("CERTIFICATE", certificate), key: String(privateKey.export({ format: "pem", type: "pkcs8" })) };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
function seq(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}
function set(...parts: Buffer[]): Buffer {
  return der(0x31, Buffer.concat(parts));
}
function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}
function integer(value: Buffer): Buffer {
  return der(0x02, value);
}
function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
  return der(0x18, Buffer.from(text));
}
function pem(label: string, content: Buffer): string {
  const lines = content.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
