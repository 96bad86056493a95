import { useQuery } from "@tanstack/react-query";
import type { Session } from "@/api/client";
import { sessionQuery } from "@/api/queries";

/** The actions of the policy table, as the server names them. */
export type Action = Session["permissions"][number];

export function may(session: Session | null | undefined, ...actions: Action[]): boolean {
  return actions.some((action) => session?.permissions.includes(action));
}

export function useSession(): Session | null | undefined {
  return useQuery(sessionQuery).data;
}

/** Whether the reader may do any of these. */
export function useMay(...actions: Action[]): boolean {
  return may(useSession(), ...actions);
}
