let second = Number.NaN;
let until = "";

/** What toISOString gives for a whole number of milliseconds; all but the last three digits are made once a second. */
export function momentText(ms: number): string {
  const own = Math.floor(ms / 1000);
  if (own !== second) {
    until = new Date(own * 1000).toISOString().slice(0, -4);
    second = own;
  }
  return `${until}${String(ms - own * 1000).padStart(3, "0")}Z`;
}
