import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

/** What an attack changes about what an authenticator answers. */
export type Twist = { origin?: string; rpId?: string; userVerified?: boolean; challenge?: string; counter?: number };

/** A passkey in software: makes the same bytes as an authenticator (WebAuthn 6.1, 6.5), and wrong ones on request. */
export class SoftwareAuthenticator {
  readonly #key: KeyObject;
  readonly #publicJwk: JsonWebKey;
  readonly credentialId = randomBytes(32);
  readonly #origin: string;
  readonly #rpId: string;
  #counter = 0;
  userHandle = "";

  constructor(origin: string, rpId: string) {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#key = pair.privateKey;
    this.#publicJwk = pair.publicKey.export({ format: "jwk" });
    this.#origin = origin;
    this.#rpId = rpId;
  }

  create(options: Record<string, unknown>, twist: Twist = {}) {
    const user: unknown = options["user"];
    this.userHandle = typeof user === "object" && user !== null ? String(Reflect.get(user, "id")) : "";
    const id = this.credentialId;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const coordinate = (name: "x" | "y") => Buffer.from(this.#publicJwk[name] ?? "", "base64url");
    // COSE_Key of an ES256 key (RFC 9053 7.1.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    const cose = Buffer.concat([
      Buffer.from("a501020326200121", "hex"),
      Buffer.from("5820", "hex"),
      coordinate("x"),
      Buffer.from("225820", "hex"),
      coordinate("y"),
    ]);
    const data = Buffer.concat([this.#data(0x41, twist), Buffer.alloc(16), length, id, cose]);
    const attestation = Buffer.concat([
      Buffer.from("a363666d74646e6f6e656761747453746d74a068617574684461746158", "hex"),
      Buffer.of(data.length),
      data,
    ]);
    return {
      ...this.#common(),
      response: {
        clientDataJSON: this.#clientData("webauthn.create", options, twist),
        attestationObject: attestation.toString("base64url"),
        transports: ["internal"],
      },
    };
  }

  get(options: Record<string, unknown>, twist: Twist = {}) {
    const data = this.#data(0x01, { counter: (this.#counter += 1), ...twist });
    const clientData = this.#clientData("webauthn.get", options, twist);
    const hash = createHash("sha256").update(Buffer.from(clientData, "base64url")).digest();
    return {
      ...this.#common(),
      response: {
        clientDataJSON: clientData,
        authenticatorData: data.toString("base64url"),
        signature: sign("sha256", Buffer.concat([data, hash]), this.#key).toString("base64url"),
        userHandle: this.userHandle,
      },
    };
  }

  #common() {
    const id = this.credentialId.toString("base64url");
    return { id, rawId: id, type: "public-key" };
  }
  #data(flags: number, { rpId = this.#rpId, userVerified = true, counter = 0 }: Twist): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([
      createHash("sha256").update(rpId).digest(),
      Buffer.of(flags | (userVerified ? 0x04 : 0)),
      count,
    ]);
  }
  #clientData(type: string, options: Record<string, unknown>, { origin = this.#origin, challenge }: Twist): string {
    const said = { type, challenge: challenge ?? String(options["challenge"]), origin, crossOrigin: false };
    return Buffer.from(JSON.stringify(said)).toString("base64url");
  }
}
