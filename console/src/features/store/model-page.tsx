import { getRouteApi } from "@tanstack/react-router";
import { ModelBody } from "@/features/store/body";
import { useModel } from "@/features/store/queries";
import { useStoreWords } from "@/features/store/words";
import { Id } from "@/shared/copy";
import { LinkButton } from "@/shared/link-button";
import { Card, Page } from "@/shared/page";
import { Bones, ErrorState } from "@/shared/states";

const route = getRouteApi("/console/store/$model");

/** A model on a page of its own: the same as in the panel, with more room. */
export function ModelPage() {
  const words = useStoreWords();
  const { model: id } = route.useParams();
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, job, error, refetch } = useModel(id);
  return (
    <Page
      title={data?.name ?? id}
      sentence={
        <>
          {data ? `${data.publisher} · ` : ""}
          <Id value={id} />
        </>
      }
      actions={<LinkButton to="/store">{words.back}</LinkButton>}
    >
      {data ? (
        <ModelBody model={data} job={job} view={view} onView={(next) => void navigate({ search: { view: next }, replace: true })} />
      ) : (
        <Card padded={false}>{error ? <ErrorState error={error} retry={() => void refetch()} /> : <Bones lines={8} />}</Card>
      )}
    </Page>
  );
}
