import { Button } from "antd";
import { Download, Rocket } from "lucide-react";
import { useJobChanges } from "@/api/jobs";
import type { Detail } from "@/features/store/queries";
import styles from "@/features/store/store.module.css";
import { useStoreWords } from "@/features/store/words";
import { useAct } from "@/shared/act";
import { LinkButton } from "@/shared/link-button";
import { useMay } from "@/shared/permissions";

/** The next steps with a model: deploy it, or only bring its default variant here, unless a job that is told of beside it does so or can be begun again. */
export function ModelActions({ model, told }: { model: Detail; told: boolean }) {
  const words = useStoreWords();
  const manages = useMay("models.manage");
  const { download } = useJobChanges();
  const { act, working, failure } = useAct();
  const deploys = useMay("deployments.manage") && model.variants.length > 0;
  const variant = model.variants[0];
  const brings = manages && !told && variant && model.origin === "catalogue" && model.state === "available";
  if (!deploys && !brings) return null;
  return (
    <span className={styles.next}>
      {brings ? (
        <Button icon={<Download size={14} aria-hidden="true" />} loading={working} onClick={() => void act(() => download(model.id, variant.id))}>
          {words.downloadOf(variant.precision)}
        </Button>
      ) : null}
      {deploys ? (
        <LinkButton primary to="/deployments" search={{ create: true, model: model.id }} icon={<Rocket size={14} aria-hidden="true" />}>
          {words.deploy}
        </LinkButton>
      ) : null}
      {failure}
    </span>
  );
}
