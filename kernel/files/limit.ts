/** What a file may cost before it is refused. Policy supplies the numbers; these are the documented defaults. */

const mebibyte = 1024 * 1024;

export interface FileLimits {
  /** Size of the uploaded file itself. */
  readonly maxBytes: number;
  readonly maxPages: number;
  /** Parts of an archive, counted over archives inside it too. */
  readonly maxArchiveEntries: number;
  /** Sum of what all parts unpack to; also the cap on the text an extraction may return. */
  readonly maxInflatedBytes: number;
  /** Unpacked bytes per packed byte. Ordinary Word files stay below 30; deflate itself ends at about 1,030. */
  readonly maxInflationRatio: number;
  /** Resident memory of one extraction: V8's heap and the buffers outside it. */
  readonly maxExtractionBytes: number;
  /** Wall-clock time of one extraction, without the time it queues. */
  readonly maxExtractionSeconds: number;
  /** Wall-clock time of one extraction in which pictures of pages are read (about 2 s a page). */
  readonly maxRecognitionSeconds: number;
}

export const defaultFileLimits: FileLimits = {
  maxBytes: 50 * mebibyte,
  maxPages: 2000,
  maxArchiveEntries: 2000,
  maxInflatedBytes: 200 * mebibyte,
  maxInflationRatio: 200,
  maxExtractionBytes: 512 * mebibyte,
  maxExtractionSeconds: 30,
  maxRecognitionSeconds: 600,
};

/** `52428800` → `50 MB`, `1536` → `1.5 KB`: the way limits are written in the product (1 MB = 1,048,576 bytes). */
export function sayBytes(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const rounded = value >= 10 ? Math.round(value) : Math.round(value * 10) / 10;
  return `${rounded.toLocaleString("en-US")} ${units[unit] ?? "bytes"}`;
}
