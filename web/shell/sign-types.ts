/** Shapes of the signing API, as the screens read them. */

export interface SignatureCheck {
  manifest: boolean;
  record: boolean;
  leaf: boolean | "waiting";
}

/** How far the proof is: a leaf without its place, with it, or under a signed checkpoint. */
export interface ProofPlace {
  state: "waiting" | "placed" | "signed";
  leaf: number | null;
  size: number | null;
}

export interface ShownSignature {
  id: string;
  printedName: string;
  role: string;
  meaning: string;
  signedAt: string;
  zone: string;
  reasonCode: string | null;
  reason: string | null;
  version: number;
  recordHash: string;
  manifestHash: string;
  check: SignatureCheck;
  place: ProofPlace | null;
}

export interface CodedReason {
  code: string;
  label: string;
}

export interface SigningStep {
  id: string;
  title: string;
  state: string;
  meanings: string[];
  reasons: CodedReason[];
  reason: "none" | "optional" | "required";
  signersNeeded: number;
  independent: boolean;
  signatures: ShownSignature[];
  open: boolean;
  mayISign: boolean;
  refusal: string | null;
  refusalCode: string | null;
}

/** How a record stands with its signatures and lock. */
export interface SigningView {
  record: string;
  id: string;
  title: string;
  version: number;
  locked: boolean;
  state: string;
  signedVersion: number | null;
  recordHash: string | null;
  facts: { label: string; value: string }[];
  unchanged: boolean | null;
  steps: SigningStep[];
  earlier: Omit<ShownSignature, "check" | "place">[];
  unlocks: { version: number; at: string; by: string | null; reasonCode: string | null; reason: string }[];
  /** Null where what was signed stays locked for good. */
  unlock: { may: boolean; reasons: CodedReason[] } | null;
  me: { status: string; printedName: string | null };
}

export interface SigningChallenge {
  challenge: string;
  expiresAt: string;
  recordHash: string;
  signedVersion: number;
  title: string;
  printedName: string;
  passkeyHere: boolean;
  components: { needed: "all" | "one"; password: boolean; totp: boolean; passkey: boolean; provider: string | null };
}

export interface Signer {
  membershipId: string;
  name: string;
  signerId: string | null;
  status: "none" | "verified" | "enabled" | "revoked" | "locked";
  printedName: string | null;
  verifiedBy: string | null;
  verifiedAt: string | null;
  method: string | null;
  evidence: string | null;
  acknowledgedAt: string | null;
  revokedReason: string | null;
}

export interface MySigning {
  id: string | null;
  status: "none" | "verified" | "enabled" | "revoked";
  printedName: string | null;
  text: string;
}
