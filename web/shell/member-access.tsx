import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Choice } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import type { RolesView } from "./access-types.ts";
import { read, write } from "./api.ts";
import type { Member } from "./api-types.ts";
import { api } from "./path.ts";
import { usePlace } from "./place.tsx";
import { asProblem } from "./problem.ts";
import css from "./access.module.css";
import pageCss from "./page.module.css";

/** A member's roles in the apps and their custom roles. */
export function MemberAccess({ member, onClose }: { member: Member; onClose: () => void }) {
  const { params } = usePlace();
  const roles = useQuery({ queryKey: ["roles", params.ws], queryFn: () => read<RolesView>(api.roles()) });
  return (
    <Dialog open onClose={onClose} title={`What ${member.name} may do`}>
      {roles.isPending && <Skeleton label="Reading the roles" />}
      {roles.isError && <ProblemNotice problem={asProblem(roles.error)} />}
      {roles.isSuccess && <Form member={member} view={roles.data} onClose={onClose} />}
    </Dialog>
  );
}

function Form({ member, view, onClose }: { member: Member; view: RolesView; onClose: () => void }) {
  const queries = useQueryClient();
  const own = view.members[member.id] ?? { apps: {}, customRoles: [] };
  const [apps, setApps] = useState<Record<string, string>>(own.apps);
  const [custom, setCustom] = useState<ReadonlySet<string>>(new Set(own.customRoles));
  const save = useMutation({
    mutationFn: () =>
      write("PUT", api.memberAccess(member.id), {
        apps: Object.fromEntries(view.apps.map((app) => [app.id, apps[app.id] ?? null])),
        customRoles: [...custom],
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["roles"] });
      await queries.invalidateQueries({ queryKey: ["access"] });
      announce(`${member.name}’s access changed`);
      onClose();
    },
  });
  return (
    <div className={pageCss.form}>
      <p>
        {member.name} is {member.role} of the workspace. A role in an app stands in place of what that gives there. They
        sign in again after a change.
      </p>
      {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
      {view.apps.map((app) => (
        <Choice
          key={app.id}
          name={`role-${app.id}`}
          label={app.title}
          value={apps[app.id] ?? ""}
          options={[
            { value: "", label: `As ${member.role} of the workspace` },
            ...app.roles.map((role) => ({ value: role.id, label: role.title })),
          ]}
          onChange={(value) => {
            const { [app.id]: _, ...rest } = apps;
            setApps(value === "" ? rest : { ...rest, [app.id]: value });
          }}
        />
      ))}
      {view.custom.length > 0 && (
        <fieldset className={css.grants}>
          <legend>This workspace’s own roles</legend>
          {view.custom.map((role) => (
            <label key={role.id}>
              <input
                type="checkbox"
                checked={custom.has(role.id)}
                onChange={() => {
                  const next = new Set(custom);
                  if (!next.delete(role.id)) next.add(role.id);
                  setCustom(next);
                }}
              />
              {role.name}
            </label>
          ))}
        </fieldset>
      )}
      <div className={pageCss.row}>
        <Act look="main" size="form" busy={save.isPending} onAct={() => save.mutate()}>
          Change access
        </Act>
        <Act size="form" onAct={onClose}>
          Keep it as it is
        </Act>
      </div>
    </div>
  );
}
