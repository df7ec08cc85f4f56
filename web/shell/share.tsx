import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import type { Sharing } from "./access-types.ts";
import { isColleague } from "./access-words.ts";
import { read, write } from "./api.ts";
import type { People } from "./api-types.ts";
import { api, page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import { asProblem } from "./problem.ts";
import css from "./access.module.css";
import pageCss from "./page.module.css";

/** Who sees a record with an owner, and the owner's choice (TEN-06). `what` is the word for it: collection, document. */
export function ShareDialog(props: { record: string; id: string; what: string; name: string; onClose: () => void }) {
  const { params } = usePlace();
  const sharing = useQuery({
    queryKey: ["sharing", props.record, props.id],
    queryFn: () => read<Sharing>(api.sharing(props.record, props.id)),
  });
  const people = useQuery({ queryKey: ["people", params.ws], queryFn: () => read<People>(api.people()) });
  const failed = sharing.error ?? people.error;
  return (
    <Dialog open onClose={props.onClose} title={`Who sees ${props.name}`}>
      {failed !== null && <ProblemNotice problem={asProblem(failed)} />}
      {failed === null && (sharing.isPending || people.isPending) && <Skeleton label="Reading who sees it" />}
      {sharing.data !== undefined && people.data !== undefined && (
        <Form {...props} sharing={sharing.data} people={people.data} />
      )}
    </Dialog>
  );
}

function Form(props: {
  record: string;
  id: string;
  what: string;
  sharing: Sharing;
  people: People;
  onClose: () => void;
}) {
  const { sharing, what } = props;
  const ws = usePlace().params.ws ?? "";
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(sharing.members.map(({ id }) => id)));
  const save = useMutation({
    mutationFn: () => write("PUT", api.sharing(props.record, props.id), { members: [...chosen] }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["sharing"] });
      announce("Sharing changed");
      props.onClose();
    },
  });
  const isNobodys = sharing.owner.name === null;
  const others = props.people.items.filter((each) => isColleague(each) && each.id !== sharing.owner.id);
  return (
    <div className={pageCss.form}>
      <p>
        {isNobodys
          ? `This ${what} came with the product and is nobody’s own: everybody in the workspace sees it. `
          : `${sharing.owner.name} owns this ${what}. `}
        {isNobodys ? null : sharing.policy === "workspace" ? (
          <>
            Everybody in the workspace sees it, whoever is listed: the{" "}
            <Go to={page.policy(ws, "access.sharing")}>policy</Go> says so.
          </>
        ) : (
          `The owner and whoever is marked see it and all that comes of it. Nobody else finds it, admins included.`
        )}
      </p>
      {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
      {!isNobodys && (
        <fieldset className={css.grants} disabled={!sharing.yours}>
          <legend>Shared with</legend>
          <div className={css.people}>
            {others.map((member) => (
              <label key={member.id}>
                <input
                  type="checkbox"
                  checked={chosen.has(member.id)}
                  onChange={() => {
                    const next = new Set(chosen);
                    if (!next.delete(member.id)) next.add(member.id);
                    setChosen(next);
                  }}
                />
                <span>
                  {member.name} <span className={pageCss.meta}>{member.email}</span>
                </span>
              </label>
            ))}
            {others.length === 0 && <p>Nobody else is here yet.</p>}
          </div>
        </fieldset>
      )}
      <div className={pageCss.row}>
        {!isNobodys && (
          <Act
            look="main"
            size="form"
            busy={save.isPending}
            disabledReason={sharing.yours ? undefined : "Only its owner decides who sees it."}
            onAct={() => save.mutate()}
          >
            Change who sees it
          </Act>
        )}
        <Act size="form" onAct={props.onClose}>
          {isNobodys ? "Close" : "Keep it as it is"}
        </Act>
      </div>
    </div>
  );
}
