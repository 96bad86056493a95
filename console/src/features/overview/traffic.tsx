import { useState } from "react";
import type { Schemas } from "@/api/client";
import { LastHour } from "@/features/overview/last-hour";
import { LiveTraffic } from "@/features/overview/live-traffic";
import { useOverviewWords } from "@/features/overview/words";
import { Section } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { Segments } from "@/shared/segments";

/** What is called: the last five minutes as they go on, or the last hour. */
export function Traffic({ data }: { data: Schemas["Overview"] }) {
  const words = useOverviewWords();
  const mayWatch = useMay("traffic.read");
  const [span, setSpan] = useState<"live" | "hour">("live");
  if (!mayWatch) {
    return (
      <Section title={words.lastHour}>
        <LastHour data={data} />
      </Section>
    );
  }
  return (
    <Section
      title={words.traffic}
      aside={
        <Segments
          size="small"
          aria-label={words.traffic}
          value={span}
          options={[
            { value: "live", label: words.live },
            { value: "hour", label: words.lastHour },
          ]}
          onChange={(value) => setSpan(value as "live" | "hour")}
        />
      }
    >
      {span === "live" ? <LiveTraffic /> : <LastHour data={data} />}
    </Section>
  );
}
