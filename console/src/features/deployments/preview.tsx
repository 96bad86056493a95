import { useQuery } from "@tanstack/react-query";
import { Form } from "antd";
import styles from "@/features/deployments/deployments.module.css";
import { previewQuery, type Detail } from "@/features/deployments/queries";
import { draftOf, fresh, planOf, type DeployValues } from "@/features/deployments/values";
import { usePreviewWords } from "@/features/deployments/preview-words";
import { useDeploymentWords } from "@/features/deployments/words";
import type { Schemas } from "@/api/client";
import { Meter } from "@/shared/figure";
import * as format from "@/shared/format";
import { Facts } from "@/shared/panel";
import { Bones, Notice, ProblemNotice } from "@/shared/states";
import { Status, Tag } from "@/shared/status";
import { useLanguage, useSettled } from "@/shared/values";

interface PreviewState {
  data: Schemas["DeploymentPreview"] | undefined;
  error: unknown;
  asked: boolean;
}

/** What the form's deployment would be, as the server sees it, a moment after each change. */
export function usePreview(before?: Detail): PreviewState {
  const values = Form.useWatch([], { form: Form.useFormInstance<DeployValues>(), preserve: true }) as Partial<DeployValues> | undefined;
  const now = JSON.stringify(draftOf({ ...fresh, ...values }, before));
  const draft = JSON.parse(useSettled(now, 300)) as ReturnType<typeof draftOf>;
  const { data, error } = useQuery({ ...previewQuery(draft ?? planOf(fresh, null)), enabled: draft !== null });
  // Its place is there as soon as there is something to ask, so that nothing moves when the answer comes.
  return { data: draft ? data : undefined, error: draft ? error : null, asked: now !== "null" };
}

/** Licence, size, what is to be fetched from where, and whether it fits, before anything starts. */
export function Preview({ data, error, asked }: PreviewState) {
  const told = usePreviewWords();
  if (!asked) return null;
  return (
    <section className={styles.preview} aria-label={told.preview}>
      <h3>{told.preview}</h3>
      {error ? <ProblemNotice error={error} /> : data ? <Told data={data} /> : <Bones lines={4} />}
    </section>
  );
}

type PreviewFit = NonNullable<Schemas["DeploymentPreview"]["fit"]>;
const fitTones = { yes: "good", after_unloading: "warn", no: "bad", unknown: "muted" } as const;

/** What one replica takes of what memory, by weights and contexts, and what would have to end first. */
function Fit({ fit }: { fit: PreviewFit }) {
  const told = usePreviewWords();
  const language = useLanguage();
  const bytes = (value: number | null) => (value === null ? "–" : format.bytes(value, language));
  const twice = fit.repacked_bytes ? bytes(fit.repacked_bytes) : null;
  const parts = fit.weights_bytes === null ? null : told.parts(bytes(fit.weights_bytes), bytes(fit.cache_bytes), twice);
  return (
    <span className={styles.fit}>
      <Status tone={fitTones[fit.verdict]}>{told.verdicts[fit.verdict]}</Status>
      <small className="muted">
        {told.ofFree(bytes(fit.needed_bytes), bytes(fit.free_bytes))}
        {parts ? ` · ${parts}` : ""}
      </small>
      {fit.needed_bytes !== null && fit.free_bytes > 0 ? <Meter value={fit.needed_bytes} limit={fit.free_bytes} label={told.needs} /> : null}
      {fit.unload.length ? <small>{told.unload(fit.unload.join(", "))}</small> : null}
    </span>
  );
}

function Told({ data }: { data: Schemas["DeploymentPreview"] }) {
  const words = useDeploymentWords();
  const told = usePreviewWords();
  const language = useLanguage();
  const bytes = (value: number) => format.bytes(value, language);
  const { license, source } = data;
  const problems = data.problems.filter(({ code }) => code !== "license_not_accepted");
  return (
    <>
      <Facts
        rows={[
          license !== null && [
            words.licence,
            <span key="l" className={styles.licence}>
              {license.name} <Tag tone={license.license_class === "commercial" ? "good" : "warn"}>{words.licenceClasses[license.license_class]}</Tag>
              {license.conditions ? <small className="muted">{license.conditions}</small> : null}
            </span>,
          ],
          [words.variant, `${data.variant ?? "–"} · ${data.engine} (${words.engineStates[data.engine_state]})`],
          [words.size, data.size_bytes === null ? "–" : `${bytes(data.size_bytes)}${data.size_estimated ? ` · ${words.estimated}` : ""}`],
          [told.fetch, data.download_bytes === null ? told.fetchUnknown : data.download_bytes === 0 ? told.fetchNothing : bytes(data.download_bytes)],
          source !== null && data.download_bytes !== 0 && [words.source, <span key="s">{source.kind} <code className="muted">{source.where}</code></span>],
          [told.free, bytes(data.free_bytes)],
          data.fit !== null && [told.needs, <Fit key="f" fit={data.fit} />],
          [words.context, `${format.integer(data.context, language)} ${words.contextUnit}`],
        ]}
      />
      {data.private ? <Notice level="warning">{told.private}</Notice> : null}
      {problems.length ? (
        <Notice level="error">
          <p>{told.previewFailed}</p>
          {problems.map(({ code, message, remedy }) => (
            <p key={code}>
              {message} {remedy}
            </p>
          ))}
        </Notice>
      ) : null}
    </>
  );
}
