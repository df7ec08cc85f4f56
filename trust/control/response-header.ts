import { defineControl } from "../control.ts";
import { sendRaw } from "../raw.ts";
import { allOf, type Check } from "./outcome.ts";

const addresses = ["/", "/healthz", "/api/openapi.json", "/api/no-such-address", "/api/regulatory-docs/collections"];
const yearSeconds = 31_536_000;

const asking = (host: string) => `GET /api/instance HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

/** What is wrong with the headers of one answer; nothing when all are as promised. */
export function missingHeaders(headers: Headers, https: boolean): string[] {
  const policy = headers.get("content-security-policy") ?? "";
  const directive = (name: string) => new RegExp(`(?:^|;)\\s*${name}\\s+([^;]*)`).exec(policy)?.[1] ?? "";
  const transport = headers.get("strict-transport-security") ?? "";
  const wanted: readonly (readonly [boolean, string])[] = [
    [directive("default-src").trim() === "'none'", "Content-Security-Policy does not start from nothing"],
    [!/unsafe-(inline|eval|hashes)/.test(policy), "Content-Security-Policy allows inline or evaluated script"],
    [
      !/(?:^|[\s;])(\*|https?:|data:)(?:\s|;|$)/.test(directive("script-src")),
      "Content-Security-Policy takes script from anywhere",
    ],
    [directive("frame-ancestors").trim() === "'none'", "Content-Security-Policy lets others frame the page"],
    [headers.get("x-content-type-options") === "nosniff", "X-Content-Type-Options is not nosniff"],
    [headers.get("x-frame-options") === "DENY", "X-Frame-Options is not DENY"],
    [["no-referrer", "same-origin"].includes(headers.get("referrer-policy") ?? ""), "Referrer-Policy is missing"],
    [headers.has("permissions-policy"), "Permissions-Policy is missing"],
    [
      !https ||
        (Number(/max-age=(\d+)/.exec(transport)?.[1]) >= yearSeconds && transport.includes("includeSubDomains")),
      "Strict-Transport-Security is missing or shorter than a year",
    ],
  ];
  return wanted.filter(([held]) => !held).map(([, said]) => said);
}

export const responseHeader = defineControl({
  id: "APP-01",
  standards: ["SOC 2 CC6.6", "ISO 27001 A.8.26", "OWASP ASVS 3.4"],
  yourPart: "Serve the instance by HTTPS: Strict-Transport-Security is sent, and asked for here, only then.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "headers",
      kind: "read-only",
      title: "Pages, API, errors and refusals carry every security header",
      run: async ({ http, publicUrl }) => {
        const https = publicUrl.startsWith("https:");
        const checks: Check[] = [];
        for (const address of addresses) {
          const answer = await http("GET", address);
          for (const said of missingHeaders(answer.headers, https)) checks.push([false, `${address}: ${said}`]);
          checks.push([answer.status < 500, `${address} gave ${answer.status}`]);
        }
        return allOf(
          `${addresses.length} addresses, answers and refusals, carry all of them${https ? "" : " (no HTTPS here, so HSTS is not asked for)"}`,
          checks,
        );
      },
      negative: async ({ http }) => {
        const page = await http("GET", "/", { headers: { origin: "https://elsewhere.example" } });
        const preflight = await http("OPTIONS", "/api/regulatory-docs/collections", {
          headers: { origin: "https://elsewhere.example", "access-control-request-method": "GET" },
        });
        const stripped = new Headers(page.headers);
        stripped.delete("x-content-type-options");
        const loose = new Headers(page.headers);
        loose.set("content-security-policy", "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors 'none'");
        return allOf(
          "another site is given no leave to read or frame, and this check names a header that is taken away",
          [
            [!page.headers.has("access-control-allow-origin"), "another site may read the page"],
            [!preflight.headers.has("access-control-allow-origin"), "another site may call the API"],
            [missingHeaders(stripped, false).length > 0, "this check did not miss a header that was taken away"],
            [missingHeaders(loose, false).length > 0, "this check did not see unsafe-inline"],
          ],
        );
      },
    },
    {
      id: "host",
      kind: "read-only",
      title: "The instance answers under its own name alone, and what is no request is refused with every header too",
      run: async ({ probeUrl, publicUrl }) => {
        const own = await sendRaw(probeUrl, asking(new URL(publicUrl).host));
        const answered = own.status > 0 && own.status !== 421;
        return allOf("the instance's own name is answered", [[answered, `its own name gave ${own.status}`]]);
      },
      negative: async ({ probeUrl, publicUrl }) => {
        const https = publicUrl.startsWith("https:");
        const checks: Check[] = [];
        for (const [said, wanted, text] of [
          ["a page's name made to point here", 421, asking("elsewhere.example")],
          ["a name that begins with ours", 421, asking(`${new URL(publicUrl).hostname}.elsewhere.example`)],
          ["a line that is no request", 400, "no request at all\r\n\r\n"],
          [
            "two lengths in one request",
            400,
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
          ],
        ] as const) {
          const answer = await sendRaw(probeUrl, text);
          checks.push([answer.status === wanted, `${said} gave ${answer.status}`]);
          for (const missing of missingHeaders(answer.headers, https)) checks.push([false, `${said}: ${missing}`]);
        }
        return allOf("other names are answered 421, broken requests 400, each with every security header", checks);
      },
    },
  ],
});
