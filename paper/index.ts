// The door of @probity/paper: what a printed document of any app is set with.
export { drawCode } from "./code.ts";
export { ink, tone } from "./ink.ts";
export type { Line, TextStyle } from "./line.ts";
export { printDay, printInstant } from "./moment.ts";
export { drawShape } from "./shape.ts";
export type { StatusShape } from "./shape.ts";
export { page, Sheet } from "./sheet.ts";
export type { ParagraphOptions, TagOptions } from "./sheet.ts";
export { drawSeal, drawSignature, signatureFoot, signatureLine } from "./signature.ts";
export type { PrintedSeal, PrintedSignature } from "./signature.ts";
export { inColour, type } from "./type-scale.ts";
export { replacementMark, unprintableCount } from "./typeface.ts";
