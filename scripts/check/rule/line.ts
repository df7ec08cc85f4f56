/** The line (from 1) in which the character at `offset` stands. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Tests may do what the product may not. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}
