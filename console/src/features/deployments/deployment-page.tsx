import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { DeploymentBody } from "@/features/deployments/body";
import { Edit } from "@/features/deployments/forms";
import { useDeployment } from "@/features/deployments/queries";
import { useDeploymentWords } from "@/features/deployments/words";
import { Id } from "@/shared/copy";
import { LinkButton } from "@/shared/link-button";
import { Card, Page } from "@/shared/page";
import { Bones, ErrorState, StaleNotice } from "@/shared/states";

const route = getRouteApi("/console/deployments/$deployment");

/** A deployment on a page of its own: the same as in the panel, with more room. */
export function DeploymentPage() {
  const words = useDeploymentWords();
  const { deployment: id } = route.useParams();
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, samples, error, refetch } = useDeployment(id);
  const [editing, setEditing] = useState(false);
  return (
    <Page
      title={data?.name ?? id}
      sentence={
        <>
          {data?.description ? `${data.description} · ` : ""}
          <Id value={data?.id ?? id} />
        </>
      }
      actions={<LinkButton to="/deployments">{words.back}</LinkButton>}
    >
      {data && error ? <StaleNotice error={error} retry={() => void refetch()} /> : null}
      {data ? (
        <DeploymentBody
          deployment={data}
          samples={samples}
          view={view}
          onView={(next) => void navigate({ search: { view: next }, replace: true })}
          onEdit={() => setEditing(true)}
          onGone={() => void navigate({ to: "/deployments" })}
        />
      ) : (
        <Card padded={false}>{error ? <ErrorState error={error} retry={() => void refetch()} /> : <Bones lines={8} />}</Card>
      )}
      {data && editing ? <Edit deployment={data} onClose={() => setEditing(false)} /> : null}
    </Page>
  );
}
