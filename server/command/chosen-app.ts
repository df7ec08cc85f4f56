/** The apps that are named, by commas; `all` for every one. A workspace has every app: these get their sample data. */
export function chosenApps(said: string, known: readonly string[]): readonly string[] | { unknown: string } {
  if (said === "all") return known;
  const names = said.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !known.includes(name));
  return unknown === undefined ? names : { unknown };
}
