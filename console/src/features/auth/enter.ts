import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { sessionKey, type Session } from "@/api/client";

/** Into the console with a fresh session: nothing of an earlier one stays in the cache. */
export function useEnter(): (session: Session, next?: string) => Promise<void> {
  const queryClient = useQueryClient();
  const router = useRouter();
  return async (session, next = "/") => {
    queryClient.clear();
    queryClient.setQueryData(sessionKey, session);
    // A plain replace, so that no one-time code stays in the history.
    router.history.replace(next);
    await router.invalidate();
  };
}

/** The one-time code behind the #, which no browser sends and no log keeps. */
export function useFragmentToken(): string | undefined {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get("token") ?? undefined);
  return token;
}
