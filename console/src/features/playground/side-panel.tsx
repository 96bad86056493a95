import { SchemaPanel, ToolsPanel } from "@/features/playground/json-panels";
import styles from "@/features/playground/page.module.css";
import { Parameters, type PanelProps } from "@/features/playground/parameters";
import { usePlaygroundWords } from "@/features/playground/words";
import { Tabs } from "@/shared/tabs";

type Shown = "parameters" | "schema" | "tools";
const panels = { parameters: Parameters, schema: SchemaPanel, tools: ToolsPanel } as const;

interface SidePanelProps extends PanelProps {
  shown: Shown;
  onShow: (panel: Shown) => void;
}

export function SidePanel({ settings, onChange, shown, onShow }: SidePanelProps) {
  const words = usePlaygroundWords();
  const Current = panels[shown];
  const marks: Record<Shown, boolean> = { parameters: false, schema: settings.schemaOn, tools: settings.toolsOn };
  const tabs = (["parameters", "schema", "tools"] as const).map((key) => ({ key, label: words.panels[key] + (marks[key] ? " •" : "") }));
  return (
    <Tabs label={words.settings} tabs={tabs} value={shown} onChange={onShow}>
      <div className={styles.panel}>
        <Current settings={settings} onChange={onChange} />
      </div>
    </Tabs>
  );
}
