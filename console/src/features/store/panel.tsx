import { Maximize2 } from "lucide-react";
import { ModelBody, type ModelView } from "@/features/store/body";
import { useModel } from "@/features/store/queries";
import { useStoreWords } from "@/features/store/words";
import { useCommonWords } from "@/shared/common-words";
import { LinkButton } from "@/shared/link-button";
import { Panel } from "@/shared/panel";
import { Bones, ErrorState } from "@/shared/states";

interface ModelPanelProps {
  id: string;
  view: ModelView | undefined;
  onView: (view: ModelView | undefined) => void;
  onClose: () => void;
}

/** What a row of the store opens: all of a model, with a way to its own page. */
export function ModelPanel({ id, view, onView, onClose }: ModelPanelProps) {
  const words = useStoreWords();
  const common = useCommonWords();
  const { data, job, error, refetch } = useModel(id);
  return (
    <Panel
      open
      width={680}
      title={data?.name ?? id}
      subtitle={data ? `${data.publisher} · ${data.id}` : common.loading}
      onClose={onClose}
      footer={
        <LinkButton to="/store/$model" params={{ model: id }} search={{ view }} icon={<Maximize2 size={14} aria-hidden="true" />}>
          {words.openPage}
        </LinkButton>
      }
    >
      {data ? <ModelBody model={data} job={job} view={view} onView={onView} /> : error ? <ErrorState error={error} retry={() => void refetch()} /> : <Bones lines={8} />}
    </Panel>
  );
}
