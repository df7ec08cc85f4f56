import { Act } from "@probity/web/kit/act.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { StatusMark } from "@probity/web/kit/status-mark.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import { Go, usePlace } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { investigationApi, investigationPage, stateWord, type InvestigationLine } from "./investigation-types.ts";
import type { Story } from "./types.ts";
import { refusedBecause } from "./words.ts";

/** From a result out of specification to its investigation, or to opening one. */
export function Investigate({ story, may }: { story: Story; may: readonly string[] | undefined }) {
  const { params, go } = usePlace();
  const ws = params.ws ?? "";
  const sampleId = story.sampleId ?? undefined;
  const list = useQuery({
    queryKey: ["lab-investigations", ws, "of", sampleId],
    queryFn: async () => (await read<{ items: InvestigationLine[] }>(investigationApi.list({ sampleId }))).items,
    enabled: sampleId !== undefined,
  });
  const open = useMutation({
    mutationFn: () => write<{ id: string }>("POST", investigationApi.open(story.id)),
    onSuccess: ({ id }) => go(investigationPage.one(ws, id)),
  });
  const found = list.data?.find((each) => each.analyte === story.name);
  if (found !== undefined)
    return (
      <p>
        <Go to={investigationPage.one(ws, found.id)}>{found.number}</Go> <StatusMark {...stateWord[found.state]} />
      </p>
    );
  return (
    <>
      {open.isError && <ProblemNotice problem={asProblem(open.error)} />}
      <p>
        <Act
          look="main"
          busy={open.isPending}
          disabledReason={refusedBecause(may, "lab.investigation.change", "technicians and reviewers")}
          onAct={() => open.mutate()}
        >
          Open investigation
        </Act>
      </p>
    </>
  );
}
