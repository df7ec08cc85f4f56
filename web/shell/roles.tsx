import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Act } from "../kit/act.tsx";
import { announce } from "../kit/announcer.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { EmptyState } from "../kit/empty-state.tsx";
import { Field } from "../kit/field.tsx";
import { ProblemNotice } from "../kit/problem-notice.tsx";
import { Skeleton } from "../kit/skeleton.tsx";
import { AccessTabs } from "./access-tabs.tsx";
import type { CustomRole, RolesView } from "./access-types.ts";
import { sayApp, sayPermission } from "./access-words.ts";
import { read, write } from "./api.ts";
import { api } from "./path.ts";
import { usePlace, useTitle } from "./place.tsx";
import { asProblem } from "./problem.ts";
import { useSession } from "./session.ts";
import css from "./access.module.css";
import pageCss from "./page.module.css";

/** Roles: the workspace's own, and those that come with the apps. */
export function Roles() {
  useTitle("Roles");
  const { params } = usePlace();
  const session = useSession();
  const queries = useQueryClient();
  const own = session.data?.workspaces.find((item) => item.slug === params.ws)?.role ?? "member";
  const refused =
    own === "owner" || own === "admin" ? undefined : `This needs the role admin or owner; you are ${own}.`;
  const roles = useQuery({ queryKey: ["roles", params.ws], queryFn: () => read<RolesView>(api.roles()) });
  const [editing, setEditing] = useState<CustomRole | "new" | null>(null);
  const remove = useMutation({
    mutationFn: (role: CustomRole) => write("DELETE", api.role(role.id)),
    onSuccess: () => {
      announce("Role deleted");
      return queries.invalidateQueries({ queryKey: ["roles"] });
    },
  });
  return (
    <div className={pageCss.page}>
      <div className={pageCss.head}>
        <h1>Roles</h1>
        <Act look="main" size="form" disabledReason={refused} onAct={() => setEditing("new")}>
          Make a role
        </Act>
      </div>
      <AccessTabs />
      {roles.isError && <ProblemNotice problem={asProblem(roles.error)} onRetry={() => void roles.refetch()} />}
      {remove.isError && <ProblemNotice problem={asProblem(remove.error)} />}
      {roles.isPending && <Skeleton label="Reading the roles" />}
      {roles.isSuccess && (
        <>
          <section className={pageCss.form} aria-labelledby="own-roles">
            <h2 id="own-roles">This workspace’s own</h2>
            {roles.data.custom.length === 0 && (
              <EmptyState>
                None yet. A role of your own adds permissions to what a person holds, such as an auditor who reads the
                audit trail.
              </EmptyState>
            )}
            <ul className={css.list}>
              {roles.data.custom.map((role) => (
                <li key={role.id}>
                  <div>
                    <h3>{role.name}</h3>
                    {role.description !== "" && <p>{role.description}</p>}
                    <p className={pageCss.meta}>{role.permissions.map(sayPermission).join(", ")}</p>
                  </div>
                  <div className={pageCss.row}>
                    <Act disabledReason={refused} label={`Edit ${role.name}`} onAct={() => setEditing(role)}>
                      Edit
                    </Act>
                    <Act
                      look="quiet"
                      disabledReason={refused}
                      label={`Delete ${role.name}`}
                      onAct={() => remove.mutate(role)}
                    >
                      Delete
                    </Act>
                  </div>
                </li>
              ))}
            </ul>
          </section>
          {roles.data.apps.map((app) => (
            <section key={app.id} className={pageCss.form} aria-label={app.title}>
              <h2>{app.title}</h2>
              <ul className={css.list}>
                {app.roles.map((role) => (
                  <li key={role.id}>
                    <div>
                      <h3>{role.title}</h3>
                      <p>{role.about}</p>
                      <p className={pageCss.meta}>{role.permissions.map(sayPermission).join(", ")}</p>
                    </div>
                  </li>
                ))}
              </ul>
            </section>
          ))}
          {editing !== null && (
            <Editor
              key={editing === "new" ? "new" : editing.id}
              role={editing === "new" ? null : editing}
              view={roles.data}
              isOwner={own === "owner"}
              onClose={() => setEditing(null)}
            />
          )}
        </>
      )}
    </div>
  );
}

function Editor(props: { role: CustomRole | null; view: RolesView; isOwner: boolean; onClose: () => void }) {
  const { role, view } = props;
  const queries = useQueryClient();
  const [name, setName] = useState(role?.name ?? "");
  const [description, setDescription] = useState(role?.description ?? "");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(role?.permissions));
  const [errors, setErrors] = useState<{ name?: string; permissions?: string }>({});
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), description: description.trim(), permissions: [...chosen] };
      return role === null
        ? write("POST", api.roles(), body)
        : write("PUT", api.role(role.id), body, { version: role.version });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["roles"] });
      announce(role === null ? "Role made" : "Role changed");
      props.onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found: { name?: string; permissions?: string } = {};
    if (name.trim() === "") found.name = "Name the role, such as Auditor.";
    if (chosen.size === 0) found.permissions = "Choose at least one permission.";
    setErrors(found);
    if (Object.keys(found).length === 0) save.mutate();
  };
  const apps = [...new Set(view.permissions.map((each) => each.split(".")[0] ?? ""))];
  const toggle = (permission: string) => {
    const next = new Set(chosen);
    if (!next.delete(permission)) next.add(permission);
    setChosen(next);
  };
  return (
    <Dialog open onClose={props.onClose} title={role === null ? "Make a role" : `Change ${role.name}`} size={720}>
      <form className={pageCss.form} noValidate onSubmit={submit}>
        {role !== null && <p>Everybody who has this role has it changed at their next request.</p>}
        {save.isError && <ProblemNotice problem={asProblem(save.error)} />}
        <Field name="role-name" label="Name" value={name} onChange={setName} error={errors.name} />
        <Field name="role-description" label="What it is for" value={description} onChange={setDescription} />
        {errors.permissions !== undefined && <p role="alert">{errors.permissions}</p>}
        {apps.map((app) => (
          <fieldset key={app} className={css.grants}>
            <legend>{sayApp(app, view.apps)}</legend>
            {view.permissions
              .filter((each) => each.startsWith(`${app}.`))
              .map((permission) => {
                const beyond = !props.isOwner && !view.yours.includes(permission) && !chosen.has(permission);
                return (
                  <label
                    key={permission}
                    data-refused={beyond || undefined}
                    title={beyond ? "You don’t hold this yourself, so you can’t give it." : permission}
                  >
                    <input
                      type="checkbox"
                      checked={chosen.has(permission)}
                      disabled={beyond}
                      onChange={() => toggle(permission)}
                    />
                    {sayPermission(permission)}
                  </label>
                );
              })}
          </fieldset>
        ))}
        <div className={pageCss.row}>
          <Act look="main" size="form" submit busy={save.isPending}>
            {role === null ? "Make the role" : "Change the role"}
          </Act>
          <Act size="form" onAct={props.onClose}>
            Keep it as it is
          </Act>
        </div>
      </form>
    </Dialog>
  );
}
