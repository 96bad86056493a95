import { Button, Input, Popover } from "antd";
import { CalendarDays, ChevronDown } from "lucide-react";
import { useState } from "react";
import { presets, type Preset, type Range } from "@/features/usage/range";
import styles from "@/features/usage/usage.module.css";
import { useUsageWords } from "@/features/usage/words";
import * as format from "@/shared/format";
import list from "@/shared/list.module.css";
import { useLanguage } from "@/shared/values";

interface RangeChipProps {
  search: { range?: Preset | undefined; from?: string | undefined; to?: string | undefined };
  range: Range;
  onChange: (change: { range: Preset | undefined; from: string | undefined; to: string | undefined }) => void;
}

export function RangeChip({ search, range, onChange }: RangeChipProps) {
  const words = useUsageWords();
  const language = useLanguage();
  const [open, setOpen] = useState(false);
  const own = search.from !== undefined && search.to !== undefined;
  const preset = own ? undefined : (search.range ?? "d30");
  const days = `${format.day(range.from, language)} – ${format.day(range.to, language)}`;
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      trigger="click"
      placement="bottomLeft"
      content={
        <div className={styles.range}>
          {presets.map((value) => (
            <Button
              key={value}
              type={value === preset ? "primary" : "text"}
              onClick={() => {
                onChange({ range: value, from: undefined, to: undefined });
                setOpen(false);
              }}
            >
              {words.presets[value]}
            </Button>
          ))}
          <label>
            {words.from}
            <Input type="date" max={range.to} value={range.from} onChange={(event) => onChange({ range: undefined, from: event.target.value, to: range.to })} />
          </label>
          <label>
            {words.to}
            <Input type="date" min={range.from} value={range.to} onChange={(event) => onChange({ range: undefined, from: range.from, to: event.target.value })} />
          </label>
        </div>
      }
    >
      <button type="button" className={`${list.chip} ${list.on}`}>
        <span className="sr-only">{words.range}</span>
        <CalendarDays size={13} aria-hidden="true" />
        {preset ? words.presets[preset] : words.custom} · {days}
        <ChevronDown size={13} aria-hidden="true" />
      </button>
    </Popover>
  );
}
