import { Link } from "@tanstack/react-router";
import { isOver, type Job } from "@/api/jobs";
import { AboutTab } from "@/features/store/about-tab";
import { HereStatus, LicenceClass } from "@/features/store/columns";
import { ModelActions } from "@/features/store/actions";
import { LicenceTab } from "@/features/store/licence-tab";
import type { Detail } from "@/features/store/queries";
import styles from "@/features/store/store.module.css";
import { VariantsTab } from "@/features/store/variants-tab";
import { VersionsTab } from "@/features/store/versions-tab";
import { useStoreWords } from "@/features/store/words";
import { Figure, Figures } from "@/shared/figure";
import * as format from "@/shared/format";
import { LiveJobCard } from "@/shared/job-card";
import { LinkButton } from "@/shared/link-button";
import { useMay } from "@/shared/permissions";
import { Notice } from "@/shared/states";
import { Tabs } from "@/shared/tabs";
import { useLanguage } from "@/shared/values";

export const views = ["variants", "licence", "versions"] as const;
export type ModelView = (typeof views)[number];

interface BodyProps {
  model: Detail;
  /** The newest of its jobs. */
  job: Job | undefined;
  view: ModelView | undefined;
  onView: (view: ModelView | undefined) => void;
}

/** What is here and what goes on at the top, the figures that decide, tabs for the rest. */
export function ModelBody({ model, job, view, onView }: BodyProps) {
  const words = useStoreWords();
  const manages = useMay("models.manage");
  const registers = useMay("models.register");
  const own = model.origin !== "catalogue";
  const told = job !== undefined && tells(job);
  return (
    <>
      <Head model={model} told={told} />
      {told ? <LiveJobCard key={job.id} job={job} mayChange={job.kind === "import" ? registers : manages} /> : null}
      <Numbers model={model} />
      <Tabs
        label={model.name}
        tabs={[
          { key: "about", label: words.about },
          ...(model.access === "open" ? [{ key: "variants" as const, label: `${words.variants}${model.variants.length ? ` · ${model.variants.length}` : ""}` }] : []),
          { key: "licence", label: words.licence },
          { key: "versions", label: own ? words.versions : words.lineageTab },
        ]}
        value={view ?? "about"}
        onChange={(key) => onView(key === "about" ? undefined : key)}
      >
        {view === "variants" ? <VariantsTab model={model} busy={job !== undefined && !isOver(job)} /> : null}
        {view === "licence" ? <LicenceTab model={model} /> : null}
        {view === "versions" ? <VersionsTab model={model} own={own} /> : null}
        {view ? null : <AboutTab model={model} />}
      </Tabs>
    </>
  );
}
/** A job that has done what it should is told by the state of the model. */
const tells = ({ state, kind }: Job): boolean => state !== "succeeded" || kind === "verification";

function Head({ model, told }: { model: Detail; told: boolean }) {
  const words = useStoreWords();
  return (
    <>
      <div className={styles.head}>
        <HereStatus state={model.state} />
        <LicenceClass of={model.license_class} />
        <Deployed names={model.deployed_as} />
        <ModelActions model={model} told={told} />
      </div>
      {model.weak ? (
        <Notice level="warning">
          <p>{words.weakTitle}</p>
          <p>{words.weakText}</p>
        </Notice>
      ) : null}
      {model.provider ? <Outside provider={model.provider} /> : null}
    </>
  );
}

function Deployed({ names }: { names: readonly string[] }) {
  const words = useStoreWords();
  if (names.length === 0) return null;
  return (
    <span>
      <span className="muted">{words.deployedAs}</span>{" "}
      {names.map((name, i) => (
        <span key={name}>
          {i ? ", " : ""}
          <Link to="/deployments" search={{ id: name }} className={styles.link}>
            {name}
          </Link>
        </span>
      ))}
    </span>
  );
}

function Outside({ provider }: { provider: NonNullable<Detail["provider"]> }) {
  const words = useStoreWords();
  const manages = useMay("providers.manage");
  return (
    <Notice
      level="info"
      action={
        manages ? (
          <LinkButton size="small" to="/providers" search={{ create: true }}>
            {words.addProvider}
          </LinkButton>
        ) : null
      }
    >
      <p>{words.vendorText}</p>
      <p>
        {words.vendor}: <code>{provider.vendor}</code> · {words.vendorModel}: <code>{provider.model}</code>
      </p>
    </Notice>
  );
}

function Numbers({ model }: { model: Detail }) {
  const words = useStoreWords();
  const language = useLanguage();
  const estimate = model.size_estimated ? words.estimated : "";
  return (
    <Figures>
      <Figure
        name={words.parameters}
        value={model.total_parameters === null ? words.unknown : format.short(model.total_parameters)}
        note={model.active_parameters === null ? null : words.activeParameters(format.short(model.active_parameters))}
      />
      {model.access === "open" ? <Bytes name={words.size} bytes={model.size_bytes} note={[model.variants[0]?.precision, estimate].filter(Boolean).join(" · ")} /> : null}
      <Figure
        name={words.context}
        value={model.context === null ? words.unknown : format.tokens(model.context)}
        note={model.context === null ? null : `${format.integer(model.context, language)} ${words.tokens}`}
      />
      {model.cache_bytes === null ? null : <Bytes name={words.cache} bytes={model.cache_bytes} note={words.cacheNote} />}
    </Figures>
  );
}

function Bytes({ name, bytes, note }: { name: string; bytes: number | null; note: string }) {
  const words = useStoreWords();
  const language = useLanguage();
  const [amount = words.unknown, unit = ""] = bytes === null ? [] : format.bytes(bytes, language).split(" ");
  return <Figure name={name} value={amount} unit={unit} note={note} />;
}
