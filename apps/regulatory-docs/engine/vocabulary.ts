/**
 * Words the engine treats alike, and words it skips. General English of management systems only: what belongs to one
 * standard stands in its pack, what belongs to one company stands nowhere.
 */

/** Function words that carry no subject. Modal verbs are kept out of terms but read by `strength.ts` from the raw text. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a an the of and or to in on at for from by with within without into onto as is are was were be been being it its this
  that these those there their they them he she his her we our us you your i me my shall must will would should may can
  could might do does did done has have had having which who whom whose what when where while than then so such any all
  each every both either neither some other another same own also only just if else but about over under between
  through during via per upon e.g i.e etc eg ie how why too very more most less least out up down off again further here
  using use used uses`.split(/\s+/),
);

/**
 * Stem → stem it counts as. Keys and values are written as words; `token.ts` stems both sides. Only pairs that mean the
 * same in a procedure are listed; near-meanings belong into a pack's alternatives.
 */
export const SAME_WORD: readonly (readonly [string, string])[] = [
  ["vendor", "supplier"],
  ["subcontractor", "supplier"],
  ["subsupplier", "supplier"],
  ["staff", "personnel"],
  ["employee", "personnel"],
  ["worker", "personnel"],
  ["workforce", "personnel"],
  ["client", "customer"],
  ["authorise", "approve"],
  ["authorize", "approve"],
  ["authorisation", "approve"],
  ["authorization", "approve"],
  ["retention", "retain"],
  ["maintenance", "maintain"],
  ["auditor", "audit"],
  ["auditee", "audit"],
  ["competency", "competence"],
  ["competencies", "competence"],
  ["obsolescence", "obsolete"],
  ["nonconformity", "nonconforming"],
  ["nonconformance", "nonconforming"],
  ["noncompliance", "nonconforming"],
  ["nonconformities", "nonconforming"],
  ["nonconform", "nonconforming"],
  ["ncr", "nonconforming"],
  ["labelling", "label"],
  ["labeling", "label"],
  ["programme", "program"],
  ["enquiry", "inquiry"],
  ["sop", "procedure"],
  ["firm", "organization"],
  ["company", "organization"],
  ["enterprise", "organization"],
  ["sterilise", "sterile"],
  ["sterilize", "sterile"],
  ["sterilisation", "sterile"],
  ["sterilization", "sterile"],
  ["sterility", "sterile"],
  ["analyse", "analysis"],
  ["analyze", "analysis"],
  ["analyses", "analysis"],
  ["analysing", "analysis"],
  ["analyzing", "analysis"],
  ["analysed", "analysis"],
  ["analyzed", "analysis"],
  ["criterion", "criteria"],
  ["kept", "keep"],
  ["chosen", "choose"],
  ["chose", "choose"],
  ["held", "hold"],
  ["taken", "take"],
  ["took", "take"],
  ["given", "give"],
  ["gave", "give"],
  ["made", "make"],
  ["written", "write"],
  ["wrote", "write"],
  ["known", "know"],
  ["sent", "send"],
  ["sold", "sell"],
  ["bought", "buy"],
  ["met", "meet"],
  ["found", "find"],
  ["people", "person"],
];

/** First halves that join with the next word: "non conforming", "non-conforming" and "nonconforming" are one word. */
export const JOINING_PREFIXES: ReadonlySet<string> = new Set(["non", "re", "pre", "post", "sub", "co", "un"]);
