import { Outlet } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Announcer } from "../kit/announcer.tsx";
import { Notice } from "../kit/notice.tsx";

/** Stands around every page: the spoken line and the offline banner. */
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
      <Outlet />
      <Announcer />
    </>
  );
}
