/** How firmly a unit says something: an obligation, a practice, a pointer elsewhere, or that it is not so. */

/** What a unit's wording amounts to. */
export type Wording = "obligation" | "practice" | "pointer" | "denied" | "deferred" | "placeholder";

/** Share of a term hit that counts as coverage, by wording. Only what is prescribed or done counts in full. */
export const WORDING_WEIGHT: Readonly<Record<Wording, number>> = {
  obligation: 1,
  practice: 0.95,
  pointer: 0.45,
  denied: 0,
  deferred: 0,
  placeholder: 0,
};

const OBLIGATION =
  /\b(?:shall|must|will|ensures?|responsible|required|requires?|has to|have to|needs? to|is to|are to|established|maintain(?:s|ed)?)\b/;

/** What a procedure may lack, as the subject of a denial. Kept to words of documents and arrangements. */
const THING =
  "(?:documented |formal |written |specific |separate |defined |such |dedicated |current |approved )*(?:procedures?|process(?:es)?|policy|policies|provisions?|requirements?|arrangements?|system|plan|programm?e?|schedule|method|criteria|records?|responsibilit(?:y|ies)|controls?|instructions?)";
const DENIED = [
  new RegExp(
    `\\b(?:there (?:is|are|was|were) (?:currently |presently |as yet |yet |at present )?no|no) ${THING}\\b[^.]{0,80}\\b(?:exists?|defined|established|documented|in place|implemented|available|written|maintained|kept|required|performed)\\b`,
  ),
  new RegExp(`\\bthere (?:is|are|was|were) (?:currently |presently |as yet |yet |at present )?no ${THING}\\b`),
  new RegExp(`\\b(?:have|has|had|with) (?:currently |presently |as yet |yet )?no ${THING}\\b`),
  new RegExp(
    `\\b(?:does|did|has|have|we do|currently do) not (?:currently |presently |yet )?(?:have|has|had|maintain|operate|define|defined|establish|established|document|documented|implement|implemented|keep|perform|performed|carry out|carried out|include|cover|address|addressed|hold)\\b`,
  ),
  /\b(?:is|are|was|were|has been|have been) (?:currently |presently |at present )?not (?:yet |currently |presently |been )*(?:defined|established|documented|in place|implemented|available|performed|covered|addressed|carried out|done|written|maintained|kept|planned|part of)\b/,
  /\b(?:is|are|was|were) (?:considered |deemed |judged |currently )?(?:not applicable|inapplicable|non-applicable|out of scope|outside the scope|excluded)\b/,
  /\bdoes not (?:apply|cover|include)\b/,
  /\bhas(?:n't| not) been (?:defined|established|documented|implemented|written|addressed|done|started)\b/,
  /\b(?:lacks?|lacking|absence of) (?:a |an |any |the )?(?:documented |formal |written )?(?:procedure|process|policy|system)\b/,
];
const NOT_APPLICABLE = /^[\s\W]*(?:n\/a|not applicable|none|nil)[\s\W]*$|\bnot applicable\b/;
const DEFERRED = [
  /\bto be (?:defined|determined|established|decided|written|developed|completed|added|confirmed|documented|created|drafted|agreed|specified|provided|inserted|filled in|announced)\b/,
  /\b(?:tbd|tbc|tba|todo|fixme)\b/,
  /\bcoming soon\b/,
  /\bunder (?:development|construction|preparation)\b/,
  /\b(?:will|shall) be (?:defined|established|developed|written|documented|created|added|introduced|implemented) (?:later|in (?:a |the )?(?:future|due course|next|later)|at a later|in a later|next (?:year|quarter))/,
  /\b(?:yet to be|not yet|still to be|remains to be)\b/,
  /\b(?:is|are) planned for (?:20[0-9]{2}|next|later|the future|q[1-4])\b/,
  /\bplaceholder\b|\blorem ipsum\b|\[insert\b|<insert\b/,
];
const POINTER =
  /\b(?:see|refer to|referred to|described in|defined in|detailed in|covered (?:in|by)|addressed (?:in|by)|handled (?:in|by|per|according)|managed (?:in|by|per|according)|documented in|specified in|given in|set out in|laid down in|found in|as per|per|according to|in accordance with|following|follow|pursuant to|governed by)\b[^.;]{0,60}/;
const DOCUMENT_NUMBER =
  /\b[A-Z]{2,6}[-_ ]?(?:[A-Z]{1,4}[-_ ]?)?[0-9]{1,5}\b|\]\(|\[\[|\b(?:SOP|procedure|policy|work instruction|manual|plan)\b/;

/** Reads the wording of one unit. `text` is the unit's own words; long units are judged by their first 1,500 characters. */
export function wordingOf(text: string): Wording {
  const piece = text.slice(0, 1500);
  if (isPlaceholder(piece) || GUIDANCE.test(piece)) return "placeholder";
  const lower = piece.toLowerCase().replaceAll("’", "'");
  if (DEFERRED.some((pattern) => pattern.test(lower))) return "deferred";
  if (NOT_APPLICABLE.test(lower) || DENIED.some((pattern) => pattern.test(lower))) {
    return CONDITION.test(lower) ? "practice" : "denied";
  }
  const pointer = POINTER.exec(lower);
  if (pointer && DOCUMENT_NUMBER.test(piece.slice(pointer.index, pointer.index + pointer[0].length + 40))) {
    // What stands before the pointer may be a rule of its own: "… within 30 days per SOP-004" still says something.
    const rest = lower.slice(0, pointer.index).split(/\s+/).length;
    if (rest < 20) return "pointer";
  }
  return OBLIGATION.test(lower) ? "obligation" : "practice";
}

/** Words to whoever fills a template in, not rules of a system. */
const GUIDANCE =
  /^[>\s*_]*(?:skeleton|how to use this|instructions? (?:for|to) (?:use|users?|authors?|completing)|guidance(?: note)?s?\b|note to (?:the )?(?:author|user|reader|editor)|scope note|template (?:note|instructions?|guidance)|(?:delete|remove|replace) (?:this|every|all|the) |fill in\b|describe (?:here|the process step)|insert )/i;

/** "If the supplier does not have …, we audit": the denial is a case the text provides for, not a confession. */
const CONDITION =
  /\b(?:if|when|where|whenever|unless|in case|should|must not|shall not|may not|cannot|until|in the event|whether)\b/;

/** Prompts of a template: brackets, braces, underscores and empty cells outweigh the words. */
export function isPlaceholder(text: string): boolean {
  const prompts = text.includes("[") || text.includes("{") || text.includes("<") || text.includes("____");
  if (!prompts) return !/[\p{L}\p{N}]/u.test(text);
  let inside = 0;
  let bracketed = 0;
  let open = 0;
  let letters = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    // "[text](link)" and "[[page]]" are links, not prompts.
    if (character === "[" || character === "{" || character === "<") {
      if (open === 0) inside = 0;
      open += 1;
    } else if (character === "]" || character === "}" || character === ">") {
      open = Math.max(0, open - 1);
      if (open === 0) {
        const link = character === "]" && (text[at + 1] === "(" || text[at - 1] === "]");
        if (!link) bracketed += inside;
        inside = 0;
      }
    } else if (/[\p{L}\p{N}]/u.test(character)) {
      letters += 1;
      if (open > 0) inside += 1;
    }
  }
  if (letters === 0) return true;
  if (text.includes("____") && letters < 60) return true;
  return bracketed > 12 && bracketed / letters >= 0.35;
}
