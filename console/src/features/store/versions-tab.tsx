import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { CloudDownload, GitBranch, Plus } from "lucide-react";
import { useState } from "react";
import { BringVersion } from "@/features/store/bring-version";
import { LicenceClass } from "@/features/store/columns";
import { NewVersion } from "@/features/store/new-version";
import { useModelChanges, versionsQuery, type Detail, type Version } from "@/features/store/queries";
import styles from "@/features/store/store.module.css";
import { useOwnWords } from "@/features/store/own-words";
import { useStoreWords } from "@/features/store/words";
import { useAct } from "@/shared/act";
import { ConfirmDanger } from "@/shared/confirm";
import { Id } from "@/shared/copy";
import { Heading } from "@/shared/heading";
import { Card } from "@/shared/page";
import { Facts } from "@/shared/panel";
import { useMay } from "@/shared/permissions";
import { Bones, Empty, ErrorState } from "@/shared/states";
import { Status, Tag, type Tone } from "@/shared/status";
import { Ago } from "@/shared/values";

/** Where a model comes from and what came of it; of one's own, each version and its stage. */
export function VersionsTab({ model, own }: { model: Detail; own: boolean }) {
  const words = useStoreWords();
  return (
    <>
      <Facts
        rows={[
          [words.lineage, model.lineage.length ? <Line key="l" ids={model.lineage} /> : words.noLineage],
          model.descendants.length > 0 && [words.descendants, <Line key="d" ids={model.descendants} />],
        ]}
      />
      {own ? <Versions model={model} /> : null}
    </>
  );
}

/** Models have a page; a version has its id. */
function Line({ ids }: { ids: readonly string[] }) {
  return (
    <span className={styles.lineage}>
      {ids.map((id) =>
        id.startsWith("ver_") ? (
          <Id key={id} value={id} short />
        ) : (
          <Link key={id} to="/store" search={{ id }} className={styles.link}>
            {id}
          </Link>
        ),
      )}
    </span>
  );
}

function Versions({ model }: { model: Detail }) {
  const words = useStoreWords();
  const { data, error, refetch } = useQuery(versionsQuery(model.id));
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Bones lines={4} />;
  return (
    <>
      {data.length === 0 ? (
        <Empty icon={GitBranch} title={words.noVersions} text={words.noVersionsText} action={<AddVersion model={model} versions={data} />} />
      ) : (
        <div>
          <AddVersion model={model} versions={data} />
        </div>
      )}
      <ul className={styles.variants}>
        {data.map((version) => (
          <li key={version.id}>
            <Card>
              <VersionCard model={model} version={version} />
            </Card>
          </li>
        ))}
      </ul>
    </>
  );
}

function AddVersion({ model, versions }: { model: Detail; versions: readonly Version[] }) {
  const own = useOwnWords();
  const [open, setOpen] = useState<"bring" | "add">();
  const close = () => setOpen(undefined);
  if (!useMay("models.register")) return null;
  return (
    <div className={styles.actions}>
      <Button type={versions.length ? "default" : "primary"} icon={<CloudDownload size={14} aria-hidden="true" />} onClick={() => setOpen("bring")}>
        {own.bringVersion}
      </Button>
      <Button icon={<Plus size={14} aria-hidden="true" />} onClick={() => setOpen("add")}>
        {own.addVersion}
      </Button>
      {open === "bring" ? <BringVersion model={model} versions={versions} onClose={close} /> : null}
      {open === "add" ? <NewVersion model={model} versions={versions} onClose={close} /> : null}
    </div>
  );
}

const tones: Record<Version["stage"], Tone> = { candidate: "info", released: "good", retired: "muted" };

function VersionCard({ model, version }: { model: Detail; version: Version }) {
  const words = useStoreWords();
  const own = useOwnWords();
  const registers = useMay("models.register");
  return (
    <article className={styles.variant}>
      <header className={styles.variantHead}>
        <Heading>
          {words.number(version.number)} {version.is_default ? <Tag tone="light">{words.isDefault}</Tag> : null}{" "}
          <LicenceClass of={version.license_class} />
        </Heading>
        <Status tone={tones[version.stage]} hollow={version.stage === "retired"}>
          {words.stages[version.stage]}
        </Status>
      </header>
      <p className="muted small">
        {words.makings[version.making]} · {version.format} {version.precision} · {version.engines.join(", ")} · <Ago at={version.created_at} />
      </p>
      {version.source ? (
        <p className="small">
          <span className="muted">{own.broughtFrom}</span> {own.places[version.source.kind as keyof typeof own.places]} <code>{version.source.where}</code> {version.source.revision ? <Id value={version.source.revision} short /> : null}
        </p>
      ) : null}
      {version.notes ? <p>{version.notes}</p> : null}
      {version.lineage.length ? (
        <p>
          <span className="muted">{words.lineage}</span> <Line ids={version.lineage} />
        </p>
      ) : null}
      <Id value={version.id} />
      {registers && version.stage !== "retired" ? <StageActions model={model} version={version} /> : null}
    </article>
  );
}

function StageActions({ model, version }: { model: Detail; version: Version }) {
  const words = useStoreWords();
  const { setStage, makeDefault } = useModelChanges();
  const [retiring, setRetiring] = useState(false);
  const { act, working, failure } = useAct();
  return (
    <>
      {failure}
      <div className={styles.actions}>
        {version.stage === "candidate" ? (
          <Button size="small" type="primary" loading={working} onClick={() => void act(() => setStage(version, "released"))}>
            {words.release}
          </Button>
        ) : version.is_default ? null : (
          <Button size="small" loading={working} onClick={() => void act(() => makeDefault(model, version.id))}>
            {words.makeDefault}
          </Button>
        )}
        <Button size="small" danger onClick={() => setRetiring(true)}>
          {words.retire}
        </Button>
      </div>
      <ConfirmDanger
        open={retiring}
        title={words.retireTitle(version.number)}
        losses={[words.retireLoss, ...(version.is_default ? [words.retireLossDefault] : [])]}
        verb={words.retire}
        act={() => setStage(version, "retired")}
        onClose={() => setRetiring(false)}
      />
    </>
  );
}
