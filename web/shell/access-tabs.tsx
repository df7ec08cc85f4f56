import { useEffect, useRef } from "react";
import { page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import css from "./access.module.css";

/** The pages about who is here and what they may do. */
export function AccessTabs() {
  const { params, path } = usePlace();
  const ws = params.ws ?? "";
  const tabs = [
    { to: page.people(ws), title: "People" },
    { to: page.access(ws), title: "Who can do what" },
    { to: page.roles(ws), title: "Roles" },
    { to: page.sso(ws), title: "Single sign-on" },
    { to: page.keys(ws), title: "API keys" },
    { to: page.signing(ws), title: "Signing" },
    { to: page.reviews(ws), title: "Access reviews" },
    { to: page.anomalies(ws), title: "Alarms" },
    { to: page.operators(ws), title: "Operators" },
  ];
  const row = useRef<HTMLElement>(null);
  // On a narrow page the row is wider than the window: where one is has to be in sight.
  useEffect(() => {
    row.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [path]);
  return (
    <nav ref={row} className={css.tabs} aria-label="People and access">
      {tabs.map((tab) => (
        <Go key={tab.to} to={tab.to} current={path === tab.to || path.startsWith(`${tab.to}/`)}>
          {tab.title}
        </Go>
      ))}
    </nav>
  );
}
