import { defineControl } from "../control.ts";
import { listOf } from "../http.ts";
import { said } from "./browser.ts";
import { inLab } from "./lab-world.ts";
import { allOf } from "./outcome.ts";

export const investigatedFirst = defineControl({
  id: "LAB-03",
  standards: ["21 CFR 211.192", "FDA guidance: investigating out-of-specification results", "EU GMP 6.35"],
  yourPart: "Look for the cause before you look for a better number.",
  notProbed: ["the whole way to a conclusion"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "no-testing-into-compliance",
      kind: "scratch",
      title: "A result out of specification is investigated once, and its original stays",
      run: (context) =>
        inLab(context, async ({ technician, sample, result, enter }) => {
          const id = await sample("out");
          if ((await result(id)).state === "open") await enter(technician, id, "8.1");
          const { id: one } = await result(id);
          const opened = await technician.call("POST", `/api/lab/results/${one}/investigate`);
          const listed = await technician.call("GET", `/api/lab/investigations?sampleId=${id}`);
          const after = await result(id);
          return allOf("8.1 against 5.0–7.0 is out and under investigation; it stands as entered", [
            [
              opened.status === 201 || opened.body["code"] === "lab.investigation_there",
              `opening the investigation got ${said(opened)}`,
            ],
            [listOf(listed.body["items"]).length === 1, "the investigation is not listed"],
            [after.text === "8.1", "the original result does not stand"],
          ]);
        }),
      negative: (context) =>
        inLab(context, async ({ technician, second, sample, result, state, enter, verify }) => {
          const out = await sample("out");
          if ((await result(out)).state === "open") await enter(technician, out, "8.1");
          const found = await result(out);
          const reason = "Planted";
          const headers = { "if-match": `"${found.version}"` };
          const retest = await second.call("POST", `/api/lab/results/${found.id}/retest`, { reason }, headers);
          // A typing error, so they say: the value stays all the same, and is told.
          const typed = await enter(technician, out, "6.5", { reason });
          const told = await sample("told");
          if ((await result(told)).state === "open") await enter(technician, told, "8.2");
          if ((await state(told)) !== "verified") await verify(second, told);
          const shown = await second.call("GET", `/api/lab/samples/${told}`);
          const publish = await second.call(
            "POST",
            `/api/lab/samples/${told}/publish`,
            { specificationIds: [] },
            { "if-match": `"${Number(shown.body["version"])}"` },
          );
          const after = await second.call("GET", `/api/lab/samples/${out}`);
          return allOf(
            "no retest without an approved plan, no value typed over, nothing published without a conclusion",
            [
              [retest.status >= 400, "a retest without an approved plan was ordered"],
              [
                typed.status >= 400 && listOf(after.body["results"])[0]?.["text"] === "8.1",
                `typing another value over it got ${said(typed)}`,
              ],
              [listOf(after.body["results"]).length === 1, "a second determination is on the sample"],
              [shown.body["state"] === "verified", "the sample to publish is not verified"],
              [publish.status >= 400 && (await state(told)) === "verified", `publishing got ${said(publish)}`],
            ],
          );
        }),
    },
  ],
});
