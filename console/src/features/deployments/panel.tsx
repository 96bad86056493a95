import { Maximize2 } from "lucide-react";
import { DeploymentBody, type DeploymentView } from "@/features/deployments/body";
import { Edit } from "@/features/deployments/forms";
import { useDeployment } from "@/features/deployments/queries";
import { useDeploymentWords } from "@/features/deployments/words";
import { useCommonWords } from "@/shared/common-words";
import { LinkButton } from "@/shared/link-button";
import { Panel } from "@/shared/panel";
import { Bones, ErrorState, StaleNotice } from "@/shared/states";

interface DeploymentPanelProps {
  id: string;
  view: DeploymentView | undefined;
  onView: (view: DeploymentView | undefined) => void;
  edit: boolean;
  onEdit: (edit: boolean) => void;
  onClose: () => void;
}

/** What a row opens: all of a deployment, with a way to its own page. */
export function DeploymentPanel({ id, view, onView, edit, onEdit, onClose }: DeploymentPanelProps) {
  const words = useDeploymentWords();
  const common = useCommonWords();
  const { data, samples, error, refetch } = useDeployment(id);
  return (
    <>
      <Panel
        open
        width={760}
        title={id}
        subtitle={data ? data.description || data.id : common.loading}
        onClose={onClose}
        footer={
          <LinkButton to="/deployments/$deployment" params={{ deployment: id }} search={{ view }} icon={<Maximize2 size={14} aria-hidden="true" />}>
            {words.openPage}
          </LinkButton>
        }
      >
        {data && error ? <StaleNotice error={error} retry={() => void refetch()} /> : null}
        {data ? (
          <DeploymentBody deployment={data} samples={samples} view={view} onView={onView} onEdit={() => onEdit(true)} onGone={onClose} />
        ) : error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : (
          <Bones lines={8} />
        )}
      </Panel>
      {edit && data?.origin === "api" ? <Edit deployment={data} onClose={() => onEdit(false)} /> : null}
    </>
  );
}
