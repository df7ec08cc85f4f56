/** The part of word-extractor that is used; the package brings no types. */
declare module "word-extractor" {
  interface TextOptions {
    /** Whether typographic characters become ASCII. */
    readonly filterUnicode: boolean;
    readonly includeHeadersAndFooters?: boolean;
  }
  interface WordDocument {
    getBody(options: TextOptions): string;
    getTextboxes(options: TextOptions): string;
    getFootnotes(options: TextOptions): string;
    getEndnotes(options: TextOptions): string;
  }
  export default class WordExtractor {
    extract(source: Buffer): Promise<WordDocument>;
  }
}
