import styles from "@/features/settings/settings.module.css";
import { useSettingsWords } from "@/features/settings/words";
import { useCommonWords } from "@/shared/common-words";
import { Card, Section } from "@/shared/page";
import { setPreferences, usePreferences, type Preferences } from "@/shared/preferences";
import { Segments } from "@/shared/segments";

/** What is kept in this browser alone. */
export function BrowserSettings() {
  const words = useSettingsWords();
  const common = useCommonWords();
  const { theme, density } = usePreferences();
  return (
    <Section title={words.browser}>
      <Card>
        <div className={styles.choice}>
          <span>{words.theme}</span>
          <Segments
            aria-label={words.theme}
            value={theme}
            options={(["light", "dark", "system"] as const).map((value) => ({ value, label: common[value] }))}
            onChange={(value) => setPreferences({ theme: value as Preferences["theme"] })}
          />
        </div>
        <div className={styles.choice}>
          <span>{words.density}</span>
          <Segments
            aria-label={words.density}
            value={density}
            options={(["comfortable", "compact"] as const).map((value) => ({ value, label: common[value] }))}
            onChange={(value) => setPreferences({ density: value as Preferences["density"] })}
          />
        </div>
      </Card>
    </Section>
  );
}
