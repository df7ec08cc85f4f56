/** A browser and system as people call them, from what it says of itself; nothing is decided by it. */
export function browserName(userAgent: string | null): string {
  if (userAgent === null) return "Unknown browser";
  const browser = [
    [/\bEdg\//, "Edge"],
    [/\bOPR\//, "Opera"],
    [/\bFirefox\//, "Firefox"],
    [/\bChrome\//, "Chrome"],
    [/\bSafari\//, "Safari"],
  ] as const;
  const system = [
    [/\b(iPhone|iPad)\b/, "iOS"],
    [/\bAndroid\b/, "Android"],
    [/\bWindows\b/, "Windows"],
    [/\bMac OS X\b/, "macOS"],
    [/\bLinux\b/, "Linux"],
  ] as const;
  const of = (list: readonly (readonly [RegExp, string])[]) => list.find(([pattern]) => pattern.test(userAgent))?.[1];
  const name = of(browser) ?? (userAgent.slice(0, 40) || "Unknown browser");
  const on = of(system);
  return on === undefined ? name : `${name} on ${on}`;
}
