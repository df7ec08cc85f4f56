import { expect, test } from "vitest";
import { browserName } from "./browser-name.ts";

test("IDN-08 a session is shown by its browser's common name", () => {
  const chrome = "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
  expect(browserName(chrome)).toBe("Chrome on Linux");
  expect(browserName("Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0")).toBe(
    "Firefox on Windows",
  );
  expect(browserName("curl/8.5")).toBe("curl/8.5");
  expect(browserName(null)).toBe("Unknown browser");
});
