import { Act } from "@probity/web/kit/act.tsx";
import { Dialog } from "@probity/web/kit/dialog.tsx";
import { ProblemNotice } from "@probity/web/kit/problem-notice.tsx";
import page from "@probity/web/shell/page.module.css";
import { asProblem } from "@probity/web/shell/problem.ts";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useRef } from "react";
import { saveDrawing, type DrawingKind } from "./save-drawing.ts";

interface Saved {
  /** Name of the file without its ending. */
  name: string;
  title: string;
}

/** A drawing as SVG, which a layout takes, or as PNG, which a report takes. */
export function SaveDrawing(props: Saved & { drawing: () => SVGSVGElement | null; look?: "plain" | "quiet" }) {
  const save = useMutation({
    mutationFn: (kind: DrawingKind) => saveDrawing(props.drawing(), { name: props.name, title: props.title, kind }),
  });
  const act = (kind: DrawingKind) => (
    <Act
      look={props.look ?? "plain"}
      label={`Save ${kind.toUpperCase()} of ${props.title}`}
      onAct={() => save.mutate(kind)}
    >
      {`Save ${kind.toUpperCase()}`}
    </Act>
  );
  return (
    <>
      {act("svg")} {act("png")}
      {save.isError && (
        <Dialog open title="Nothing was saved" onClose={() => save.reset()}>
          <ProblemNotice problem={asProblem(save.error)} />
        </Dialog>
      )}
    </>
  );
}

/** A drawing with the acts that save it beneath, and what else leaves with it. */
export function Drawn(props: Saved & { children: ReactNode; more?: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  return (
    <div ref={box}>
      {props.children}
      <p className={page.row}>
        <SaveDrawing
          look="quiet"
          name={props.name}
          title={props.title}
          drawing={() => box.current?.querySelector<SVGSVGElement>("svg[role], svg") ?? null}
        />
        {props.more}
      </p>
    </div>
  );
}
