import { readFileSync } from "node:fs";
import { socialIds, type SocialId, type SocialProvider } from "@probity/kernel";

type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that switches a provider on; unset, it is not offered (IDN-02). */
export const socialVariables = socialIds.map(variableOf);

/**
 * Social sign-in by configuration: CLIENT_ID:SECRET, for Apple CLIENT_ID:TEAM_ID:KEY_ID:/path/of/key.p8. Gives what is
 * configured and what is wrong with it; no message shows a secret.
 */
export function readSocial(environment: Environment): { providers: SocialProvider[]; problems: string[] } {
  const providers: SocialProvider[] = [];
  const problems: string[] = [];
  for (const id of socialIds) {
    const text = environment[variableOf(id)]?.trim();
    if (text === undefined || text === "") continue;
    const provider = id === "apple" ? appleOf(text) : otherOf(id, text);
    if (provider) providers.push(provider);
    else problems.push(`${variableOf(id)} can't be read; allowed is ${formOf(id)}.`);
  }
  return { providers, problems };
}

/** Origins of identity providers in one's own network, separated by commas; undefined when one is none. */
export function originsOf(text: string): string[] | undefined {
  const origins = text.split(",").map((each) => each.trim());
  const isOrigin = (each: string) => URL.canParse(each) && new URL(each).origin === each && /^https?:/.test(each);
  return origins.every(isOrigin) ? origins : undefined;
}

function variableOf(id: SocialId): string {
  return `PROBITY_${id.toUpperCase()}`;
}

function formOf(id: SocialId): string {
  return id === "apple" ? "CLIENT_ID:TEAM_ID:KEY_ID:/path/of/key.p8" : "CLIENT_ID:SECRET";
}

function otherOf(id: SocialId, text: string): SocialProvider | undefined {
  const [, clientId, secret] = /^([^\s:]{3,200}):(\S{8,300})$/.exec(text) ?? [];
  return clientId === undefined || secret === undefined ? undefined : { id, clientId, secret };
}

function appleOf(text: string): SocialProvider | undefined {
  const [, clientId, teamId, keyId, file] = /^([^\s:]{3,200}):(\w{10}):(\w{10}):(.+)$/.exec(text) ?? [];
  if (clientId === undefined || teamId === undefined || keyId === undefined || file === undefined) return undefined;
  try {
    return { id: "apple", clientId, secret: { teamId, keyId, privateKey: readFileSync(file, "utf8") } };
  } catch {
    return undefined;
  }
}
