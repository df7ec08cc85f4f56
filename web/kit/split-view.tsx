import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from "react";
import css from "./split-view.module.css";

interface Pane {
  id: string;
  label: string;
  node: ReactNode;
  /** Share of the width at first. */
  share: number;
}

interface Props {
  panes: Pane[];
  /** The pane that fills a narrow screen. */
  active: string;
}

const leastShare = 0.16;

/**
 * Panes side by side with separators that take arrows and dragging (WAI-ARIA window splitter). On a narrow
 * screen one pane at a time.
 */
export function SplitView({ panes, active }: Props) {
  const [shares, setShares] = useState(() => panes.map((pane) => pane.share));
  const box = useRef<HTMLDivElement>(null);

  const move = (index: number, by: number) => {
    setShares((old) => {
      const left = old[index] ?? 0;
      const right = old[index + 1] ?? 0;
      const step = Math.max(leastShare - left, Math.min(by, right - leastShare));
      return old.map((share, at) => (at === index ? share + step : at === index + 1 ? share - step : share));
    });
  };
  const onKey = (index: number) => (event: KeyboardEvent) => {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(index, by);
  };
  const onDrag = (index: number) => (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    move(index, event.movementX / (box.current?.clientWidth ?? 1));
  };

  return (
    <div className={css.split} ref={box}>
      {panes.map((pane, index) => (
        <Part key={pane.id} pane={pane} share={shares[index] ?? 0} active={pane.id === active}>
          {index < panes.length - 1 && (
            <div
              className={css.separator}
              role="separator"
              tabIndex={0}
              aria-orientation="vertical"
              aria-label={`Width of ${pane.label}`}
              aria-valuemin={16}
              aria-valuemax={68}
              aria-valuenow={Math.round((shares[index] ?? 0) * 100)}
              onKeyDown={onKey(index)}
              onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
              onPointerMove={onDrag(index)}
            />
          )}
        </Part>
      ))}
    </div>
  );
}

function Part(props: { pane: Pane; share: number; active: boolean; children: ReactNode }) {
  return (
    <>
      <section
        className={css.pane}
        data-active={props.active || undefined}
        aria-label={props.pane.label}
        style={{ flexGrow: props.share }}
      >
        {props.pane.node}
      </section>
      {props.children}
    </>
  );
}
