// What lies outside the server: witnesses, time stamps, the platform log; and what it says about when.
import { fromBase64, utf8 } from "./encoding.ts";
import { FormatError } from "./format-error.ts";
import type { Anchor, PlatformPart } from "./format.ts";
import type { Provider } from "./hash.ts";
import { checkPlatform } from "./platform.ts";
import { DerError } from "./pdf-der.ts";
import { faultOfToken, readToken } from "./pdf-token.ts";
import { logOf, platformOf, type Keys, type OpenCheckpoint } from "./trust.ts";
import type { CheckpointTime, Findings } from "./finding.ts";

export type Evidence = {
  readonly platforms: readonly OpenCheckpoint[];
  /** Names of the witnesses under the newest checkpoint, or under the platform's over it. */
  readonly witnessed: readonly string[];
  readonly times: readonly CheckpointTime[];
  readonly evidentTo: readonly string[];
  readonly anchors: number;
  /** Checkpoints of this log that somebody outside holds: the newest tree must continue each. */
  readonly held: readonly OpenCheckpoint[];
};

/** Judges platform part and anchors against the newest checkpoint. */
export async function weighEvidence(
  given: { readonly platforms: readonly PlatformPart[]; readonly anchors: readonly Anchor[] },
  newest: OpenCheckpoint,
  keys: Keys,
  provider: Provider,
  findings: Findings,
): Promise<Evidence> {
  const times: CheckpointTime[] = [];
  const evidentTo = new Set<string>();
  const witnessed = new Set<string>();
  // A file can name a witness it invented: only a key the reader brought makes one of it.
  const byOwnWord = keys.pinned.witness ? "" : " (named by the file itself)";
  const held: OpenCheckpoint[] = [];
  let anchors = 0;
  const cosigned = ({ cosignatures }: OpenCheckpoint): void => {
    for (const { name, timeSeconds } of cosignatures) {
      witnessed.add(name);
      times.push({ at: instant(timeSeconds), by: "witness", name });
      evidentTo.add(`witness ${name}${byOwnWord}`);
    }
  };
  cosigned(newest);

  const platforms: OpenCheckpoint[] = [];
  for (const part of given.platforms) {
    const platform = await keys.openPlatform(part.note);
    const leaf = await checkPlatform(part, platform, newest.text, provider.hashAll);
    const { origin } = platform.checkpoint;
    if (platform.fault !== undefined) findings.add("fault", platform.fault);
    else if (logOf(origin) !== platformOf(newest.checkpoint.origin))
      findings.add("fault", "The platform part is of another instance");
    else if (typeof leaf === "string") findings.add("fault", leaf);
    else if (platform.signers.length === 0)
      findings.add(
        keys.pinned.platform ? "fault" : "remark",
        keys.pinned.platform
          ? "The platform log's checkpoint is not signed by the key you brought"
          : "Nobody known signed the platform log's checkpoint",
      );
    else {
      platforms.push(platform);
      times.push({ at: leaf["at"] ?? "", by: "platform", name: origin });
      evidentTo.add(`whoever keeps checkpoints of ${origin}`);
      cosigned(platform);
    }
  }

  const covered = new Set([newest.text, ...platforms.map(({ text }) => text)]);
  for (const anchor of given.anchors) {
    const opened = await keys.openAny(anchor.note);
    const { origin } = opened.checkpoint;
    if (opened.fault !== undefined) {
      findings.add("fault", opened.fault);
      continue;
    }
    // What this log signed once it must stand by, wherever the copy comes from.
    if (opened.signers.length > 0 && logOf(origin) === logOf(newest.checkpoint.origin)) held.push(opened);
    if (anchor.type === "copy") {
      findings.add("remark", `A copy went to ${anchor.to.slice(0, 100)}, says the file`);
    } else if (anchor.type === "rfc3161") {
      const stamp = await readStamp(anchor.token, opened.text);
      if (typeof stamp === "string") {
        findings.add("fault", stamp);
        continue;
      }
      anchors += 1;
      if (covered.has(opened.text)) times.push({ at: stamp.at, by: "timestamp", name: stamp.authority });
      evidentTo.add(`time stamp authority ${stamp.authority}`);
      findings.add(
        "remark",
        `${stamp.authority} stamped the checkpoint; whether to trust its certificate is yours to judge`,
      );
    } else if (opened.cosignatures.length > 0) {
      anchors += 1;
      if (covered.has(opened.text)) cosigned(opened);
      for (const { name } of opened.cosignatures) evidentTo.add(`witness ${name}${byOwnWord}`);
    } else {
      findings.add("remark", "No known witness signed an anchor");
    }
  }
  return {
    platforms,
    witnessed: [...witnessed],
    times,
    evidentTo: [...evidentTo],
    anchors,
    held,
  };
}

/** The time of best evidence: an authority's, a witness's, the platform log's own. */
export function bestTime(times: readonly CheckpointTime[]): CheckpointTime | null {
  for (const by of ["timestamp", "witness", "platform", "leaf", "file"] as const) {
    const [earliest] = times.filter((time) => time.by === by).toSorted((a, b) => (a.at < b.at ? -1 : 1));
    if (earliest !== undefined) return earliest;
  }
  return null;
}

function instant(timeSeconds: number): string {
  const date = new Date(timeSeconds * 1000);
  if (Number.isNaN(date.getTime())) throw new FormatError("A witness signed at no time there is");
  return date.toISOString();
}

/** A time stamp over a checkpoint's text: its signature holds under its own certificate, which is for stamping. Or why not. */
async function readStamp(text: string, stamped: string): Promise<{ at: string; authority: string } | string> {
  const bytes = fromBase64(text);
  if (bytes === undefined) return "A time stamp can't be read";
  try {
    const token = readToken(bytes);
    const fault = await faultOfToken(token, utf8(stamped));
    if (fault !== undefined) return `A time stamp does not hold: ${fault}`;
    return { at: token.at.toISOString(), authority: token.cms.signer.subjectName };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return "A time stamp can't be read";
  }
}
