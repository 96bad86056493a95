import type { Detail } from "@/features/store/queries";
import styles from "@/features/store/store.module.css";
import { useStoreWords } from "@/features/store/words";
import { Facts } from "@/shared/panel";
import { Notice } from "@/shared/states";

/** What one may do with it, in the house's words first and then in the licence's own. */
export function LicenceTab({ model }: { model: Detail }) {
  const words = useStoreWords();
  const licence = model.license_details;
  return (
    <>
      <LicenceNotice model={model} />
      <Facts
        rows={[
          [words.licence, `${licence.name} (${licence.id})`],
          [words.licenceClass, words.licenceClasses[licence.license_class]],
          [words.conditions, licence.conditions ?? words.noConditions],
          licence.url !== null && [
            words.licenceTextAt,
            <a key="u" href={licence.url} target="_blank" rel="noreferrer" className={styles.link}>
              {licence.url}
            </a>,
          ],
        ]}
      />
      {licence.text === null ? null : (
        <details className={styles.text}>
          <summary>{words.licenceText}</summary>
          <pre tabIndex={0}>{licence.text}</pre>
        </details>
      )}
    </>
  );
}

export function LicenceNotice({ model }: { model: Pick<Detail, "license_class"> }) {
  const words = useStoreWords();
  return model.license_class === "research" ? (
    <Notice level="warning">
      <p>{words.researchTitle}</p>
      <p>{words.researchText}</p>
    </Notice>
  ) : (
    <Notice level="info">
      <p>{words.commercialText}</p>
    </Notice>
  );
}
