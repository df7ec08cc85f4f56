import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

const rsaWithSha256 = Buffer.from("300d06092a864886f70d01010b0500", "hex");
const commonName = Buffer.from("0603550403", "hex");

/** A key and its self-signed certificate (RFC 5280), made for one test run. */
export function makeCertificate(name: string, bits = 2048): { key: KeyObject; pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const subject = der(0x30, der(0x31, der(0x30, Buffer.concat([commonName, der(0x0c, Buffer.from(name))]))));
  const time = (year: number) => der(0x18, Buffer.from(`${year}0101000000Z`));
  const body = der(
    0x30,
    Buffer.concat([
      der(0xa0, Buffer.from("020102", "hex")),
      der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
      rsaWithSha256,
      subject,
      der(0x30, Buffer.concat([time(2020), time(2120)])),
      subject,
      publicKey.export({ type: "spki", format: "der" }),
    ]),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = der(0x30, Buffer.concat([body, rsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature]))]));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    key: privateKey,
    pem: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
  };
}

/** One value of ASN.1 DER (X.690): tag, length, content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 128
      ? Buffer.of(length)
      : length < 256
        ? Buffer.of(0x81, length)
        : Buffer.of(0x82, length >> 8, length & 255);
  return Buffer.concat([Buffer.of(tag), size, content]);
}
