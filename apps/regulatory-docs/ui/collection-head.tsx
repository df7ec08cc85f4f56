import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { read, write } from "@probity/web/shell/api.ts";
import { useEdited } from "@probity/web/shell/edited.tsx";
import css from "@probity/web/shell/page.module.css";
import { usePlace } from "@probity/web/shell/place.tsx";
import { ShareDialog } from "@probity/web/shell/share.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { docsApi, docsPage } from "./path.ts";
import type { Collection } from "./types.ts";

/** Name and description with their edit, and the deletion that asks for the name. */
export function CollectionHead({
  collection,
  onChanged,
}: {
  collection: Collection;
  onChanged: () => Promise<unknown>;
}) {
  const [open, setOpen] = useState<"edit" | "share" | "delete" | null>(null);
  return (
    <header className={css.head}>
      <div>
        <h1>{collection.name}</h1>
        {(collection.description ?? "") !== "" && <p className={css.muted}>{collection.description}</p>}
      </div>
      <div className={css.row}>
        <Act onAct={() => setOpen("share")}>Who sees it</Act>
        <Act onAct={() => setOpen("edit")}>Edit name</Act>
        <Act look="quiet" onAct={() => setOpen("delete")}>
          Delete collection
        </Act>
      </div>
      {open === "share" && (
        <ShareDialog
          record="regulatory_docs.collection"
          id={collection.id}
          what="collection"
          name={collection.name}
          onClose={() => setOpen(null)}
        />
      )}
      {open === "edit" && <Edit collection={collection} onClose={() => setOpen(null)} onChanged={onChanged} />}
      {open === "delete" && <Remove collection={collection} onClose={() => setOpen(null)} />}
    </header>
  );
}

function Edit(props: { collection: Collection; onClose: () => void; onChanged: () => Promise<unknown> }) {
  const { collection } = props;
  const [name, setName] = useState(collection.name);
  const [description, setDescription] = useState(collection.description ?? "");
  const [reason, setReason] = useState("");
  const [sent, setSent] = useState(false);
  const edited = useEdited(collection, () => read<Collection>(docsApi.collection(collection.id)), [
    { label: "Name", of: (each) => each.name, mine: name, take: setName },
    { label: "What it holds", of: (each) => each.description ?? "", mine: description, take: setDescription },
  ]);
  const save = useMutation({
    mutationFn: () =>
      write(
        "PATCH",
        docsApi.collection(collection.id),
        { name: name.trim(), description: description.trim(), reason: reason.trim() },
        { version: edited.base.version },
      ),
    onError: edited.onError,
    onSuccess: async () => {
      await props.onChanged();
      props.onClose();
    },
  });
  return (
    <Dialog open onClose={props.onClose} title="Edit collection">
      <form
        className={css.form}
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          setSent(true);
          if (name.trim() !== "" && reason.trim() !== "") save.mutate();
        }}
      >
        {save.isError && edited.told(save.error)}
        <Field
          name="edit-name"
          label="Name"
          value={name}
          onChange={setName}
          error={name.trim() === "" ? "Name the collection, such as QMS 2026." : undefined}
        />
        <Field name="edit-description" label="What it holds" value={description} onChange={setDescription} />
        <Field
          name="edit-reason"
          label="Why it is changed"
          value={reason}
          onChange={setReason}
          hint="It stays in the history of the collection."
          error={sent && reason.trim() === "" ? "Say why; the next reader must understand it." : undefined}
        />
        <div>
          <Act look="main" size="form" submit busy={save.isPending}>
            Save collection
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

function Remove({ collection, onClose }: { collection: Collection; onClose: () => void }) {
  const place = usePlace();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const remove = useMutation({
    mutationFn: () =>
      write("DELETE", docsApi.collectionAway(collection.id, reason.trim()), undefined, { version: collection.version }),
    onSuccess: () => place.go(docsPage.collections(place.params.ws ?? "")),
  });
  return (
    <Dialog open onClose={onClose} title={`Delete ${collection.name}`}>
      <div className={css.form}>
        <p>
          Its documents, results and decisions go with it. The audit trail keeps that they were there. This cannot be
          undone.
        </p>
        {remove.isError && <ProblemNotice problem={asProblem(remove.error)} />}
        <Field name="delete-reason" label="Why it goes" value={reason} onChange={setReason} />
        <Field name="delete-name" label={`Type ${collection.name}`} value={typed} onChange={setTyped} />
        <div className={css.row}>
          <Act size="form" onAct={onClose}>
            Keep it
          </Act>
          <Act
            look="danger"
            size="form"
            busy={remove.isPending}
            disabledReason={
              reason.trim() === ""
                ? "The reason is not given yet."
                : typed === collection.name
                  ? undefined
                  : "The name is not typed yet."
            }
            onAct={() => remove.mutate()}
          >
            Delete collection
          </Act>
        </div>
      </div>
    </Dialog>
  );
}
