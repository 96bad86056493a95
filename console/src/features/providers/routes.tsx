import { useQuery } from "@tanstack/react-query";
import { Waypoints } from "lucide-react";
import type { ReactNode } from "react";
import { aliasesQuery, routesQuery } from "@/api/queries";
import type { Route } from "@/features/providers/alias-values";
import { Flow } from "@/features/providers/flow";
import { useRouteWords } from "@/features/providers/route-words";
import styles from "@/features/providers/providers.module.css";
import { useProviderWords } from "@/features/providers/words";
import { LinkButton } from "@/shared/link-button";
import { Framed, List } from "@/shared/list";
import { useMay } from "@/shared/permissions";
import { useRouteStateWord } from "@/shared/route-state";
import type { Column } from "@/shared/rows";
import { Empty } from "@/shared/states";
import { Status } from "@/shared/status";

interface RoutesProps {
  search: { q?: string | undefined; kind?: string | undefined; state?: string | undefined; id?: string | undefined };
  onSearch: (change: Record<string, string | undefined>) => void;
  onOpen: (route: Route) => void;
  action: ReactNode;
}

const kindKeys = ["alias", "deployment", "provider"] as const;
const inOrder = (a: Route, b: Route) => kindKeys.indexOf(a.kind) - kindKeys.indexOf(b.kind) || a.name.localeCompare(b.name);

/** Every name that callers can use, aliases first, with what is behind it now. */
export function Routes({ search, onSearch, onOpen, action }: RoutesProps) {
  const words = useRouteWords();
  const stateWord = useRouteStateWord();
  const { data, error, refetch } = useQuery(routesQuery);
  const aliases = new Map(useQuery(aliasesQuery).data?.map((alias) => [alias.name, alias]));
  const byName = new Map(data?.map((route) => [route.name, route]));
  return (
    <>
      <List
        name="routes"
        label={words.list}
        rows={data?.toSorted(inOrder)}
        error={error}
        retry={() => void refetch()}
        columns={useColumns()}
        filters={[
          {
            key: "kind",
            label: words.kind,
            options: kindKeys.map((value) => ({ value, label: words.kinds[value] })),
            value: search.kind,
            keeps: (route, value) => route.kind === value,
          },
          {
            key: "state",
            label: words.state,
            options: [...new Set(data?.map(({ state }) => state))].map((value) => ({ value, label: stateWord(value) })),
            value: search.state,
            keeps: (route, value) => route.state === value,
          },
        ]}
        news={
          <span className={styles.live}>
            <Status tone="light" live>
              {words.live}
            </Status>
          </span>
        }
        search={search}
        onSearch={onSearch}
        text={(route) => [route.name, route.kind, route.source, ...route.targets.map(({ model }) => model)].join(" ")}
        rowKey={(route) => route.name}
        rowName={(route) => route.name}
        picture={(routes) => <Flow routes={routes} byName={byName} aliases={aliases} openKey={search.id} onOpen={onOpen} />}
        empty={<Empty icon={Waypoints} title={words.emptyTitle} text={words.emptyText} action={<AddProvider />} />}
      />
      {!data?.length || data.some(({ kind }) => kind === "alias") ? null : (
        <Framed>
          <Empty icon={Waypoints} title={words.hintTitle} text={words.hintText} action={action} />
        </Framed>
      )}
    </>
  );
}

/** An alias needs something that answers first. */
function AddProvider() {
  const words = useProviderWords();
  if (!useMay("providers.manage")) return null;
  return (
    <LinkButton primary to="/providers" search={{ create: true }}>
      {words.add}
    </LinkButton>
  );
}

const column = (key: string, title: string, value: (route: Route) => string | number): Column<Route> => ({ key, title, value, render: value });
const sum = (route: Route, pick: (replica: Route["replicas"][number]) => number) => route.replicas.reduce((all, replica) => all + pick(replica), 0);

/** What a file of the routes holds. */
function useColumns(): Column<Route>[] {
  const words = useRouteWords();
  const stateWord = useRouteStateWord();
  return [
    column("name", words.name, ({ name }) => name),
    column("kind", words.kind, ({ kind }) => words.kinds[kind]),
    column("state", words.state, ({ state }) => stateWord(state)),
    column("model", words.model, ({ targets, source }) => targets.map(({ model, weight, role }) => `${model} (${role === "fallback" ? words.roles.fallback : weight})`).join(", ") || source),
    column("inFlight", words.inFlight, (route) => sum(route, ({ in_flight }) => in_flight)),
    column("waiting", words.waiting, (route) => sum(route, ({ waiting }) => waiting)),
  ];
}
