import { Button } from "antd";
import { useState } from "react";
import { useJobChanges } from "@/api/jobs";
import { HereStatus, useSize } from "@/features/store/columns";
import { useModelChanges, type Detail, type Variant } from "@/features/store/queries";
import styles from "@/features/store/store.module.css";
import { useStoreWords } from "@/features/store/words";
import { useAct } from "@/shared/act";
import { ConfirmDanger } from "@/shared/confirm";
import { Id } from "@/shared/copy";
import { Heading } from "@/shared/heading";
import { Card } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { Tag, Tags } from "@/shared/status";

/** Weights in each format and precision, where they come from, and whether they are here. */
export function VariantsTab({ model, busy }: { model: Detail; busy: boolean }) {
  const words = useStoreWords();
  if (model.variants.length === 0) return <p className="muted">{words.ownNoVariants}</p>;
  return (
    <ul className={styles.variants}>
      {model.variants.map((variant) => (
        <li key={variant.id}>
          <Card>
            <VariantCard model={model} variant={variant} busy={busy} />
          </Card>
        </li>
      ))}
    </ul>
  );
}

interface VariantProps {
  model: Detail;
  variant: Variant;
  busy: boolean;
}

function VariantCard({ model, variant, busy }: VariantProps) {
  const size = useSize();
  const manages = useMay("models.manage") && model.origin === "catalogue";
  return (
    <article className={styles.variant}>
      <header className={styles.variantHead}>
        <Heading>
          {variant.precision} <span className="muted">{variant.format}</span>
        </Heading>
        <HereStatus state={variant.state} />
      </header>
      <div className={styles.variantFacts}>
        <strong>{size(variant.size_bytes, variant.size_estimated)}</strong>
        <code className="muted">{variant.id}</code>
        <Tags>
          {variant.engines.map((engine) => (
            <Tag key={engine}>{engine}</Tag>
          ))}
        </Tags>
      </div>
      <Sources variant={variant} />
      <Files variant={variant} />
      {manages ? <VariantActions model={model} variant={variant} busy={busy} /> : null}
    </article>
  );
}

function Sources({ variant: { sources } }: { variant: Variant }) {
  const words = useStoreWords();
  if (sources.length === 0) return null;
  return (
    <p className={styles.sources}>
      <span className="muted">{words.sources}</span>{" "}
      {sources.map(({ kind, where, revision }) => (
        <span key={kind + where}>
          {kind} <code className="muted">{where}{revision ? `@${revision.slice(0, 12)}` : ""}</code>
        </span>
      ))}
    </p>
  );
}

function Files({ variant: { files } }: { variant: Variant }) {
  const words = useStoreWords();
  const size = useSize();
  if (files.length === 0) return <p className="muted small">{words.noFiles}</p>;
  return (
    <ul className={styles.files}>
      {files.map((file) => (
        <li key={file.name}>
          <code>{file.name}</code>
          {file.bytes === null ? null : <span className="muted">{size(file.bytes, false)}</span>}
          <span className={styles.digest}>
            <span className="muted small">{words.digest}</span> {file.sha256 ? <Id value={file.sha256} /> : <span className="muted small">{words.noDigest}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

function VariantActions({ model, variant, busy }: VariantProps) {
  const words = useStoreWords();
  const size = useSize();
  const jobs = useJobChanges();
  const { removeFiles } = useModelChanges();
  const [removing, setRemoving] = useState(false);
  const { act, working, failure } = useAct();
  // What a wheel carries is here by itself.
  if (variant.format === "package" || variant.state === "downloading") return null;
  return (
    <>
      {failure}
      <div className={styles.actions}>
        {variant.state === "downloaded" ? (
          <>
            <Button size="small" loading={working} disabled={busy} onClick={() => void act(() => jobs.verify(model.id, variant.id))}>
              {words.verify}
            </Button>
            <Button size="small" danger disabled={busy} onClick={() => setRemoving(true)}>
              {words.remove}
            </Button>
          </>
        ) : (
          <Button size="small" loading={working} disabled={busy} onClick={() => void act(() => jobs.download(model.id, variant.id))}>
            {variant.state === "failed" ? words.downloadAgain : words.download}
          </Button>
        )}
      </div>
      <ConfirmDanger
        open={removing}
        title={words.remove}
        losses={[words.removeLoss(size(variant.size_bytes, variant.size_estimated)), words.removeLossAgain]}
        verb={words.removeShort}
        act={() => removeFiles(model.id, variant.id)}
        onClose={() => setRemoving(false)}
      />
    </>
  );
}
