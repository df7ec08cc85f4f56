import { ApiProblem } from "./problem.ts";

/** Passkeys as the browser and the server speak of them (WebAuthn level 3). */

export interface Assertion {
  id: string;
  rawId: string;
  type: "public-key";
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle: string | null };
}

/** Whether this browser has what passkeys need, at this address. */
export function passkeysHere(): boolean {
  return typeof PublicKeyCredential === "function" && "parseRequestOptionsFromJSON" in PublicKeyCredential;
}

function base64url(buffer: ArrayBuffer): string {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Makes a passkey with what the server asked for. Throws a problem when the person or the device would rather not. */
export async function makePasskey(options: PublicKeyCredentialCreationOptionsJSON) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const made = await navigator.credentials.create({ publicKey }).catch(refused);
  if (!(made instanceof PublicKeyCredential) || !(made.response instanceof AuthenticatorAttestationResponse)) {
    throw refusal();
  }
  return {
    id: made.id,
    rawId: base64url(made.rawId),
    type: "public-key" as const,
    response: {
      clientDataJSON: base64url(made.response.clientDataJSON),
      attestationObject: base64url(made.response.attestationObject),
      transports: made.response.getTransports(),
    },
  };
}

/** Has a passkey answer the server's challenge. */
export async function askPasskey(options: PublicKeyCredentialRequestOptionsJSON): Promise<Assertion> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const answer = await navigator.credentials.get({ publicKey }).catch(refused);
  if (!(answer instanceof PublicKeyCredential) || !(answer.response instanceof AuthenticatorAssertionResponse)) {
    throw refusal();
  }
  const { response } = answer;
  return {
    id: answer.id,
    rawId: base64url(answer.rawId),
    type: "public-key",
    response: {
      clientDataJSON: base64url(response.clientDataJSON),
      authenticatorData: base64url(response.authenticatorData),
      signature: base64url(response.signature),
      userHandle: response.userHandle === null ? null : base64url(response.userHandle),
    },
  };
}

function refused(): never {
  throw refusal();
}
function refusal(): ApiProblem {
  return new ApiProblem({
    status: 0,
    code: "passkey",
    title: "The passkey was not used.",
    detail: "Nothing was changed.",
    next: "Try again, or go another way.",
  });
}
