import { Button, Dropdown, Tooltip } from "antd";
import { Languages, Monitor, Moon, Sun } from "lucide-react";
import { useCommonWords } from "@/shared/common-words";
import { setPreferences, usePreferences, type Preferences } from "@/shared/preferences";

/** On every page: the other language, and the theme. */
export function LanguageSwitch() {
  const words = useCommonWords();
  const { language } = usePreferences();
  return (
    <Tooltip title={words.switchLanguage}>
      <Button
        type="text"
        aria-label={words.switchLanguage}
        icon={<Languages size={16} aria-hidden="true" />}
        onClick={() => setPreferences({ language: language === "zh" ? "en" : "zh" })}
      />
    </Tooltip>
  );
}

const icons = { light: Sun, dark: Moon, system: Monitor } as const;

export function ThemeSwitch() {
  const words = useCommonWords();
  const { theme } = usePreferences();
  const Icon = icons[theme];
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        selectable: true,
        selectedKeys: [theme],
        items: (["light", "dark", "system"] as const).map((key) => {
          const Each = icons[key];
          return { key, label: words[key], icon: <Each size={14} aria-hidden="true" /> };
        }),
        onClick: ({ key }) => setPreferences({ theme: key as Preferences["theme"] }),
      }}
    >
      <Button type="text" aria-label={`${words.theme}: ${words[theme]}`} icon={<Icon size={16} aria-hidden="true" />} />
    </Dropdown>
  );
}
