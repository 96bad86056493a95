import { useQuery } from "@tanstack/react-query";
import { aboutQuery } from "@/api/queries";
import styles from "@/features/settings/settings.module.css";
import { useSettingsWords } from "@/features/settings/words";
import { CodeTabs } from "@/shared/code";
import { CopyButton } from "@/shared/copy";
import { Card, Section } from "@/shared/page";
import { Facts } from "@/shared/panel";
import { useExampleModel } from "@/shared/public-models";
import { firstCall, snippets } from "@/shared/snippets";
import { Bones, ErrorState, Notice } from "@/shared/states";

export function AboutTab() {
  const words = useSettingsWords();
  const { data, error, refetch } = useQuery(aboutQuery);
  const example = useExampleModel();
  if (error && !data) return <Card padded={false}><ErrorState error={error} retry={() => void refetch()} /></Card>;
  if (!data) return <Card padded={false}><Bones /></Card>;
  const address = `${location.origin}/v1`;
  return (
    <div className={styles.columns}>
      <div className={styles.stack}>
        <Section title={words.server}>
          <Card>
            <Facts
              rows={[
                [words.version, data.version],
                [words.starter, <code key="s">{data.starter}</code>],
                [words.currency, data.currency],
                data.data_dir !== null && [words.dataDir, <code key="d">{data.data_dir}</code>],
                [
                  words.address,
                  <span key="a">
                    <code>{address}</code> <CopyButton text={address} />
                  </span>,
                ],
                [words.licence, "Apache-2.0"],
              ]}
            />
          </Card>
        </Section>
        <Section title={words.notices}>
          {data.notices.length === 0 ? <p className="muted">{words.noNotices}</p> : null}
          {data.notices.map((notice) => (
            <Notice key={notice.code + notice.message} level={notice.level}>
              <p>{notice.message}</p>
            </Notice>
          ))}
        </Section>
      </div>
      <Section title={words.apiText}>
        <CodeTabs snippets={snippets(location.origin, firstCall(example?.name ?? "MODEL", example?.kinds ?? ["chat"], words.hello))} />
      </Section>
    </div>
  );
}
