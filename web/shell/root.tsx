import { Outlet } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Announcer } from "../kit/announcer.tsx";
import { Notice } from "../kit/notice.tsx";
import { Waiting } from "./waiting.tsx";

/** Stands around every page: the spoken line, the offline banner and the wait for a spent budget. */
export function Root() {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  return (
    <>
      {!online && (
        <Notice tone="partial">
          There is no connection. What you entered stays here. Acts go through when it is back.
        </Notice>
      )}
      <Waiting />
      <Outlet />
      <Announcer />
    </>
  );
}
