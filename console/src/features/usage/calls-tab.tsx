import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { ArrowUp, MessagesSquare, ReceiptText } from "lucide-react";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { usePaged, type PagedQuery } from "@/api/paged";
import { chargesQuery, refusalsQuery } from "@/api/queries";
import { CallDetail } from "@/features/usage/call-detail";
import { chargedCall, refusedCall, useCallColumns, type Call } from "@/features/usage/calls";
import { useNames } from "@/features/usage/names";
import { outcomes } from "@/features/usage/outcome";
import { bounds, chosenRange } from "@/features/usage/range";
import { RangeChip } from "@/features/usage/range-chip";
import styles from "@/features/usage/usage.module.css";
import { useUsageWords } from "@/features/usage/words";
import { useCommonWords } from "@/shared/common-words";
import { LinkButton } from "@/shared/link-button";
import { List, type Filter } from "@/shared/list";
import { useMay } from "@/shared/permissions";
import { Empty } from "@/shared/states";
import { useNow } from "@/shared/values";

const route = getRouteApi("/console/usage");

/** Every call that the ledger settled, newest first, by the page; refused calls on request. */
export function CallsTab() {
  const { model, key, outcome, member, ...search } = route.useSearch();
  const today = new Date(useNow()).toISOString().slice(0, 10);
  const time = bounds(chosenRange(search, Date.parse(`${today}T00:00:00Z`)));
  return outcome === "refused" ? (
    <Refused query={refusalsQuery({ model, key_id: key, ...time })} />
  ) : (
    <Charged query={chargesQuery({ model, key, member, outcome, ...time })} />
  );
}

function Charged({ query }: { query: PagedQuery<Schemas["Charge"]> }) {
  const words = useUsageWords();
  const playground = (
    <LinkButton to="/playground" icon={<MessagesSquare size={14} aria-hidden="true" />}>
      {words.playground}
    </LinkButton>
  );
  const mayChat = useMay("inference.use");
  return <Calls query={query} call={chargedCall} empty={<Empty icon={ReceiptText} title={words.callsEmptyTitle} text={words.callsEmptyText} action={mayChat ? playground : null} />} />;
}

function Refused({ query }: { query: PagedQuery<Schemas["TraceSummary"]> }) {
  const words = useUsageWords();
  return (
    <>
      <p className={styles.note}>{words.refusedNote}</p>
      <Calls query={query} call={refusedCall} empty={<Empty icon={ReceiptText} title={words.refusedEmptyTitle} text={words.refusedEmptyText} />} />
    </>
  );
}

interface CallsProps<Item extends { request_id: string }> {
  query: PagedQuery<Item>;
  call: (item: Item) => Call;
  empty: ReactNode;
}

function Calls<Item extends { request_id: string }>({ query, call, empty }: CallsProps<Item>) {
  const words = useUsageWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const names = useNames();
  const { pages, rows, news, show } = usePaged(query, ({ request_id }) => request_id, search.id !== undefined);
  const change = (next: Partial<typeof search>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: !("id" in next) });
  const calls = rows?.map(call);
  const open = search.id;
  return (
    <>
      <List
        name="calls"
        label={words.list}
        rows={names.there ? calls : undefined}
        error={pages.error}
        retry={() => void pages.refetch()}
        columns={useCallColumns(names)}
        lead={<CallRange />}
        filters={useCallFilters()}
        news={news ? <News count={news} onShow={show} /> : null}
        more={pages.hasNextPage ? <More pages={pages} /> : null}
        search={search}
        onSearch={change}
        text={(row) => [row.request_id, row.model, names.key(row.key_id), words.outcomes[row.refused ? "refused" : row.outcome], row.error_code].join(" ")}
        rowKey={(row) => row.request_id}
        rowName={(row) => row.request_id}
        openable
        empty={empty}
      />
      {open ? <CallDetail id={open} charge={calls?.find(({ request_id }) => request_id === open)?.charge} onClose={() => change({ id: undefined })} /> : null}
    </>
  );
}

function CallRange() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const today = new Date(useNow()).toISOString().slice(0, 10);
  const range = chosenRange(search, Date.parse(`${today}T00:00:00Z`));
  return <RangeChip search={search} range={range} onChange={(change) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true })} />;
}

/** What the server is asked for; refused calls know no member. */
function useCallFilters(): Filter<Call>[] {
  const words = useUsageWords();
  const { model, key, member, outcome } = route.useSearch();
  const names = useNames();
  const all = useMay("usage.read");
  return [
    { key: "model", label: words.model, options: names.models, value: model, source: names.sources.models },
    ...(names.seesKeys ? [{ key: "key", label: words.key, options: names.keys, value: key, source: names.sources.keys }] : []),
    ...(all && outcome !== "refused" ? [{ key: "member", label: words.member, options: names.members, value: member, source: names.sources.members }] : []),
    { key: "outcome", label: words.outcome, options: outcomes.map((value) => ({ value, label: words.outcomes[value] })), value: outcome },
  ];
}

function News({ count, onShow }: { count: number; onShow: () => void }) {
  const words = useUsageWords();
  return (
    <Button size="small" icon={<ArrowUp size={13} aria-hidden="true" />} onClick={onShow}>
      {words.newCalls(count)}
    </Button>
  );
}

function More({ pages }: { pages: { isFetchingNextPage: boolean; fetchNextPage: () => unknown } }) {
  const common = useCommonWords();
  return (
    <Button size="small" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
      {common.loadMore}
    </Button>
  );
}
