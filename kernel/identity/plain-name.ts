/** What can't be seen, or changes the order or look of what stands beside it: Unicode TR 36, TR 39. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** A joiner or its opposite between letters of a script that is written with them (Unicode 23.2). */
const joiner =
  /(?<=[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Malayalam}\p{Script=Sinhala}]\p{M}*)[\u200C\u200D](?=[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Malayalam}\p{Script=Sinhala}])/gu;

/** A name as it is kept and shown beside acts and signatures: all of it can be seen, in the order it is read. */
export function plainName(name: string): string {
  const kept = name.normalize("NFC").replaceAll(/\s+/gu, " ");
  const places = new Set([...kept.matchAll(joiner)].map((found) => found.index));
  return kept
    .replaceAll(unseen, (sign, place: number) => (places.has(place) ? sign : ""))
    .replaceAll(/ {2,}/g, " ")
    .trim();
}

/** Whether a word mixes letters of scripts that look alike: "Аna" with a Cyrillic А is another name than "Ana". */
export function mixesScripts(name: string): boolean {
  return name.split(/[\s.,'’-]+/u).some((word) => {
    const scripts = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u];
    return scripts.filter((script) => script.test(word)).length > 1;
  });
}
