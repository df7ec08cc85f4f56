import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { Choice, Field } from "@probity/web/kit/field.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import { write } from "@probity/web/shell/api.ts";
import page from "@probity/web/shell/page.module.css";
import { usePlace } from "@probity/web/shell/place.tsx";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { inspectApi, inspectPage } from "./inspect-path.ts";
import css from "./master.module.css";
import { LimitEditor } from "./specification-edit.tsx";
import type { MethodVersion, Named } from "./types.ts";

/** A method begins with its code and title; what it determines is its first version, on its own page. */
export function NewMethod({ ws, onClose }: { ws: string; onClose: () => void }) {
  const place = usePlace();
  const [code, setCode] = useState("");
  const [title, setTitle] = useState("");
  const make = useMutation({
    mutationFn: () =>
      write<{ id: string }>("POST", inspectApi.master("methods"), { code: code.trim(), title: title.trim() }),
    onSuccess: (made) => place.go(inspectPage.method(ws, made.id)),
  });
  return (
    <Dialog open title="New method" onClose={onClose}>
      <form
        className={page.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (code.trim() !== "" && title.trim() !== "") make.mutate();
        }}
      >
        {make.isError && <ProblemNotice problem={asProblem(make.error)} />}
        <Field name="method-code" label="Code" value={code} onChange={setCode} />
        <Field name="method-title" label="Title" value={title} onChange={setTitle} />
        <div>
          <Act
            look="main"
            size="form"
            submit
            busy={make.isPending}
            disabledReason={code.trim() === "" || title.trim() === "" ? "Code and title are needed." : undefined}
          >
            Go on to what it determines
          </Act>
        </div>
      </form>
    </Dialog>
  );
}

/** A specification with its first limits. */
export function NewSpecification(props: {
  ws: string;
  products: readonly Named[];
  methods: readonly MethodVersion[];
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [productId, setProduct] = useState(props.products[0]?.id ?? "");
  const [code, setCode] = useState("");
  const [title, setTitle] = useState("");
  return (
    <section className={page.sheet} aria-label="New specification">
      <h2>New specification</h2>
      <div className={css.short}>
        <Choice
          name="specification-product"
          label="Product"
          value={productId}
          options={props.products.map((each) => ({ value: each.id, label: `${each.code} ${each.name}` }))}
          onChange={setProduct}
        />
        <Field name="specification-code" label="Code" value={code} onChange={setCode} />
        <Field name="specification-title" label="Title" value={title} onChange={setTitle} />
      </div>
      <LimitEditor
        id={null}
        from={[]}
        methods={props.methods}
        missing={code.trim() === "" || title.trim() === "" ? "A specification has a code and a title." : undefined}
        make={(sent) =>
          write("POST", inspectApi.master("specifications"), {
            productId,
            code: code.trim(),
            title: title.trim(),
            ...sent,
          })
        }
        onMade={() => {
          void queries.invalidateQueries({ queryKey: ["lab-specifications"] });
          void queries.invalidateQueries({ queryKey: ["lab-versions-ahead"] });
          props.onClose();
        }}
        onClose={props.onClose}
      />
    </section>
  );
}
