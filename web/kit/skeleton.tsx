import { useEffect, useState } from "react";
import css from "./skeleton.module.css";

/** Nothing for the first 300 ms, then ruled rows where the data will stand. */
export function Skeleton({ rows = 6, label, heading = false }: { rows?: number; label: string; heading?: boolean }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 300);
    return () => clearTimeout(timer);
  }, []);
  if (!shown) return null;
  return (
    <div className={css.box} role="status" data-loading="">
      {/* Where the page's own heading comes with its data. */}
      {heading ? <h1 className="p-hidden">{label}</h1> : <span className="p-hidden">{label}</span>}
      {Array.from({ length: rows }, (_, index) => (
        <div className={css.row} key={index}>
          <span style={{ inlineSize: `${38 + ((index * 37) % 45)}%` }} />
        </div>
      ))}
    </div>
  );
}
