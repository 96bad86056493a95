import { useQuery } from "@tanstack/react-query";
import { getRouteApi, lazyRouteComponent } from "@tanstack/react-router";
import { Button } from "antd";
import { Columns3, Plus, Store as StoreIcon } from "lucide-react";
import { Suspense } from "react";
import { modelsQuery } from "@/api/queries";
import { useColumns } from "@/features/store/columns";
import { idsIn, idsOf, inOrder, MOST } from "@/features/store/facets";
import { useFilters } from "@/features/store/filters";
import { useOwnWords } from "@/features/store/own-words";
import { useStoreWords } from "@/features/store/words";
import { LinkButton } from "@/shared/link-button";
import { List } from "@/shared/list";
import { Page } from "@/shared/page";
import { Empty } from "@/shared/states";
import { useMay } from "@/shared/permissions";
import { useSettled } from "@/shared/values";

const route = getRouteApi("/console/store");
// What a row opens is loaded once somebody opens one.
const ModelPanel = lazyRouteComponent(() => import("@/features/store/panel"), "ModelPanel");
const AddOwn = lazyRouteComponent(() => import("@/features/store/add-own"), "AddOwn");

export function StorePage() {
  const words = useStoreWords();
  const own = useOwnWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(modelsQuery(useSettled(search.q ?? "")));
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  const chosen = idsIn(search.pick);
  const registers = useMay("models.register");
  const add = registers ? (
    <Button type="primary" icon={<Plus size={15} aria-hidden="true" />} onClick={() => change({ create: true })}>
      {own.addOwn}
    </Button>
  ) : null;
  return (
    <Page title={words.title} sentence={words.sentence} actions={add}>
      <List
        name="models"
        label={words.list}
        rows={data && inOrder(data, search.q)}
        error={error}
        retry={() => void refetch()}
        columns={useColumns()}
        filters={useFilters(data ?? [], search)}
        search={search}
        onSearch={change}
        rowKey={(model) => model.id}
        rowName={(model) => model.name}
        openable
        choice={{ keys: new Set(chosen), onChange: (keys) => change({ pick: idsOf(keys) }) }}
        bulk={() => <CompareButtons ids={chosen} onClear={() => change({ pick: undefined })} />}
        empty={<Empty icon={StoreIcon} title={words.emptyTitle} text={words.emptyText} />}
      />
      <Suspense>
        {search.id ? (
          <ModelPanel key={search.id} id={search.id} view={search.view} onView={(view) => change({ view })} onClose={() => change({ id: undefined, view: undefined })} />
        ) : null}
        {search.create && registers ? (
          <AddOwn onMade={(id) => void navigate({ search: { id, view: "versions" } })} onClose={() => change({ create: undefined })} />
        ) : null}
      </Suspense>
    </Page>
  );
}

function CompareButtons({ ids, onClear }: { ids: readonly string[]; onClear: () => void }) {
  const words = useStoreWords();
  return (
    <>
      {ids.length < 2 ? (
        <span className="muted small">{words.compareHint}</span>
      ) : (
        <LinkButton primary size="small" to="/store/compare" search={{ ids: idsOf(ids) }} icon={<Columns3 size={14} aria-hidden="true" />}>
          {words.compareMany(Math.min(ids.length, MOST))}
        </LinkButton>
      )}
      <Button size="small" type="text" onClick={onClear}>
        {words.clearChoice}
      </Button>
    </>
  );
}
