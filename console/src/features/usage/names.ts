import { useQuery } from "@tanstack/react-query";
import { keysQuery, membersQuery, routesQuery } from "@/api/queries";
import { useUsageWords } from "@/features/usage/words";
import type { Option } from "@/shared/filter-chip";
import { may, useSession } from "@/shared/permissions";
import { sourceOf, type Source } from "@/shared/source";

export interface Names {
  /** Whether they have come: a row with an id in place of its name would change its width under the reader's eyes. */
  there: boolean;
  key: (id: string | null) => string;
  member: (id: string | null) => string;
  /** Whether there is anything of keys to choose for this reader. */
  seesKeys: boolean;
  keys: readonly Option[];
  members: readonly Option[];
  models: readonly Option[];
  sources: { keys: Source; members: Source; models: Source };
}

/** The names behind the ledger's ids, as far as this reader may know them. */
export function useNames(): Names {
  const words = useUsageWords();
  const session = useSession();
  const seesKeys = may(session, "keys.own", "keys.manage");
  const known = useQuery({ ...keysQuery, enabled: seesKeys });
  const others = useQuery({ ...membersQuery, enabled: may(session, "members.read") });
  const routes = useQuery({ ...routesQuery, refetchInterval: false });
  const keys = known.data ?? [];
  const members = others.data ?? (session ? [session.member] : []);
  const keyNames = new Map(keys.map(({ id, name }) => [id, name]));
  const memberNames = new Map(members.map(({ id, name, email }) => [id, name || email]));
  return {
    there: !known.isLoading && !others.isLoading,
    key: (id) => (id === null ? words.console : (keyNames.get(id) ?? id)),
    member: (id) => (id === null ? "–" : (memberNames.get(id) ?? id)),
    seesKeys,
    keys: keys.map(({ id, name }) => ({ value: id, label: name })),
    members: members.map(({ id, name, email }) => ({ value: id, label: name || email })),
    models: (routes.data ?? []).map(({ name }) => ({ value: name, label: name })),
    sources: { keys: sourceOf(known), members: sourceOf(others), models: sourceOf(routes) },
  };
}
