import { Menu } from "@mantine/core";
import type { ReactNode } from "react";
import type { Session, WorkspaceMembership } from "./api-types.ts";
import { apps } from "./apps.ts";
import { page } from "./path.ts";
import { Go, usePlace } from "./place.tsx";
import css from "./navigation.module.css";

interface Props {
  session: Session;
  workspace: WorkspaceMembership;
  /** A rail of icons, where a page needs the width. */
  narrow: boolean;
  onSearch: () => void;
}

/** Side navigation; on a narrow screen a bar at the bottom. */
export function Navigation({ session, workspace, narrow, onSearch }: Props) {
  const { path, go } = usePlace();
  const ws = workspace.slug;
  const line = (to: string, title: string, icon: ReactNode, small = false) => (
    <Go
      to={to}
      current={path === to || path.startsWith(`${to}/`)}
      className={small ? css.both : css.line}
      label={title}
    >
      {icon}
      <span>{title}</span>
    </Go>
  );
  return (
    <nav className={css.nav} data-narrow={narrow || undefined} aria-label="Workspace">
      <div className={css.switcher}>
        <Menu position="bottom-start">
          <Menu.Target>
            <button type="button" className={css.workspace}>
              <span className={css.initial} aria-hidden="true">
                {workspace.name.slice(0, 1)}
              </span>
              <span className={css.name}>{workspace.name}</span>
              <span className="p-hidden">switch workspace</span>
              <span className={css.name} aria-hidden="true">
                ▾
              </span>
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            {session.workspaces.map((item) => (
              <Menu.Item key={item.id} onClick={() => go(page.home(item.slug))}>
                {item.name} <span className={css.role}>{item.role}</span>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
      {line(page.home(ws), "Home", <Icon d="M2 7.5 8 2.5l6 5V14H2zM6.5 14V9.5h3V14" />, true)}
      <button type="button" className={css.small} onClick={onSearch}>
        <Icon d="M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14" />
        <span>Search</span>
      </button>
      {apps.map((app) => (
        <div key={app.id} className={css.app}>
          <p className={css.title}>{app.title}</p>
          {app.lists.map((list, index) => (
            <div key={list.title}>
              {line(
                list.path(ws),
                list.title,
                <Icon d="M3 1.5h7l3 3v10H3zM10 1.5v3h3M5.5 8h5M5.5 11h5" />,
                index === 0,
              )}
            </div>
          ))}
        </div>
      ))}
      <div className={css.app}>
        <p className={css.title}>Workspace</p>
        {line(page.audit(ws), "Audit", <Icon d="M2 3.5h12M2 8h12M2 12.5h7M12 11v3.5M10.3 12.7h3.4" />)}
        {workspace.role !== "member" &&
          line(
            page.ledger(ws),
            "Ledger",
            <Icon d="M3 1.5h10v13H3zM5.5 5h5M5.5 8h5M10.5 11.5a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0" />,
          )}
        {line(
          page.people(ws),
          "People & access",
          <Icon d="M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M1.5 14c0-3 2-4.5 4.5-4.5s4.5 1.5 4.5 4.5M11 3a2.2 2.2 0 0 1 0 4.3M12.2 9.8c1.5.6 2.3 2 2.3 4.2" />,
        )}
        {workspace.role !== "member" &&
          line(page.outbox(ws), "Outbox", <Icon d="M1.5 3.5h13v9h-13zM1.5 4l6.5 5 6.5-5" />)}
        {line(page.policy(ws), "Policy", <Icon d="M2 4.5h6M12 4.5h2M10 2.5v4M2 11.5h2M8 11.5h6M6 9.5v4" />)}
        {line(
          page.trust(),
          "Trust",
          <Icon d="M8 1.5 13.5 4v4c0 3.4-2.3 5.6-5.5 6.5C4.8 13.6 2.5 11.4 2.5 8V4zM5.5 8l1.8 1.8L10.7 6.3" />,
        )}
      </div>
      {line(
        page.me(),
        "Me",
        <Icon d="M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6M2.5 14.5c0-3 2.3-4.5 5.5-4.5s5.5 1.5 5.5 4.5" />,
        true,
      )}
    </nav>
  );
}

function Icon({ d }: { d: string }) {
  return (
    <svg className={css.icon} width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <path d={d} fill="none" stroke="currentColor" strokeWidth="1.25" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
