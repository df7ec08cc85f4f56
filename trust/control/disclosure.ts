import { defineControl } from "../control.ts";
import { fieldsOf, securityText } from "../security-text.ts";
import { allOf } from "./outcome.ts";

export const disclosure = defineControl({
  id: "INC-02",
  standards: ["ISO 27001 A.8.8", "ISO 29147", "SOC 2 CC7.4", "RFC 9116"],
  yourPart: "Name a contact that somebody reads.",
  notProbed: ["disclosure page", "clocks of acknowledgement, plan and fix"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "security-txt",
      kind: "read-only",
      title: "security.txt names a contact and has not run out",
      run: async ({ http, securityContact }) => {
        const answer = await http("GET", "/.well-known/security.txt");
        const fields = fieldsOf(answer.text);
        const ends = Date.parse(fields.get("expires")?.[0] ?? "");
        return allOf("the file names a contact and an end within a year", [
          [securityContact !== undefined, "No security contact is configured, so nobody can report a weakness here."],
          [
            answer.status === 200 && answer.headers.get("content-type")?.startsWith("text/plain") === true,
            `/.well-known/security.txt gave ${answer.status}`,
          ],
          [
            securityContact === undefined || fields.get("contact")?.[0] === securityContact,
            "the file names another contact than the configured one",
          ],
          [ends > Date.now() && ends < Date.now() + 366 * 86_400_000, "the file has no end ahead of it within a year"],
        ]);
      },
      negative: async ({ publicUrl }) => {
        const unset = fieldsOf(securityText({ publicUrl, contact: undefined, now: new Date() }));
        return allOf("with no contact configured, none is made up", [[!unset.has("contact"), "a contact was made up"]]);
      },
    },
  ],
});
