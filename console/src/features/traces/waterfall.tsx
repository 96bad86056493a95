import { ChartNoAxesGantt, Table2 } from "lucide-react";
import { useState } from "react";
import { endOf, phasesOf, ticksOf, wasRefused, type Attempt, type Phase, type Trace } from "@/features/traces/phases";
import styles from "@/features/traces/traces.module.css";
import { useTraceWords } from "@/features/traces/words";
import { useCommonWords } from "@/shared/common-words";
import * as format from "@/shared/format";
import { Section } from "@/shared/page";
import { Segments } from "@/shared/segments";
import { Status } from "@/shared/status";
import { Table } from "@/shared/table";
import { useLanguage } from "@/shared/values";

/** The way of a call as bars against time; the same numbers as a table at a click. */
export function Timeline({ trace }: { trace: Trace }) {
  const words = useTraceWords();
  const common = useCommonWords();
  const [view, setView] = useState<"chart" | "table">("chart");
  const phases = phasesOf(trace);
  return (
    <Section
      title={words.timeline}
      aside={
        phases.length ? (
          <Segments
            size="small"
            aria-label={words.timeline}
            value={view}
            options={[
              { value: "chart", title: common.chart, icon: <ChartNoAxesGantt size={14} aria-label={common.chart} className={styles.icon} /> },
              { value: "table", title: common.table, icon: <Table2 size={14} aria-label={common.table} className={styles.icon} /> },
            ]}
            onChange={(value) => setView(value as "chart" | "table")}
          />
        ) : null
      }
    >
      <div className={styles.frame}>
        {phases.length === 0 ? <p className={styles.none}>{words.noTimeline}</p> : null}
        {phases.length && view === "chart" ? <Waterfall phases={phases} end={endOf(trace)} refused={wasRefused(trace) ? trace.error_code : null} /> : null}
        {phases.length && view === "table" ? <PhaseTable phases={phases} /> : null}
      </div>
    </Section>
  );
}

interface WaterfallProps {
  phases: readonly Phase[];
  end: number;
  /** Why the call went no further than its last phase. */
  refused: string | null;
}

function Waterfall({ phases, end, refused }: WaterfallProps) {
  const words = useTraceWords();
  const language = useLanguage();
  const ticks = ticksOf(end);
  return (
    <div className={styles.waterfall}>
      <div className={styles.axis} aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} style={{ left: `${(tick / (end || 1)) * 100}%` }}>
            {format.fineDuration(tick, language)}
          </span>
        ))}
      </div>
      <ol aria-label={words.timeline}>
        {phases.map((phase, i) => (
          <li key={`${phase.name} ${phase.number ?? ""}`} className={styles.phase} title={words.phaseHelp[phase.name]}>
            <span className={styles.label}>
              <Name phase={phase} />
            </span>
            <span className={styles.track} aria-hidden="true">
              {ticks.map((tick) => (
                <i key={tick} className={styles.tick} style={{ left: `${(tick / (end || 1)) * 100}%` }} />
              ))}
              <Bar phase={phase} end={end || 1} />
              {refused !== null && i === phases.length - 1 ? <i className={styles.stop} style={{ left: `${(phase.to / (end || 1)) * 100}%` }} /> : null}
            </span>
            <span className={styles.took}>
              <span className="sr-only">{words.fromTo(format.fineDuration(phase.from, language), format.fineDuration(phase.to - phase.from, language))}</span>
              <span aria-hidden="true">{format.fineDuration(phase.to - phase.from, language)}</span>
            </span>
          </li>
        ))}
      </ol>
      {refused === null ? null : (
        <p>
          <Status tone="bad">
            {words.refusedHere} <code className="muted">{refused}</code>
          </Status>
        </p>
      )}
    </div>
  );
}

function Name({ phase }: { phase: Phase }) {
  const words = useTraceWords();
  if (!phase.attempt) return words.phases[phase.name];
  return (
    <>
      {words.attempt(phase.number ?? 1)}
      <span className={styles.result}>
        <Result attempt={phase.attempt} quiet />
      </span>
      <small>{phase.attempt.target}</small>
    </>
  );
}

/** Where it went well, the bar says enough; a failure has its code beside the name. */
function Result({ attempt, quiet = false }: { attempt: Attempt; quiet?: boolean }) {
  const words = useTraceWords();
  if (attempt.error_code) {
    return (
      <Status tone="bad">
        <code>{attempt.error_code}</code>
        {attempt.status === null ? null : <span className="muted small">{attempt.status}</span>}
      </Status>
    );
  }
  if (quiet) return null;
  return <Status tone={attempt.status === null ? "muted" : "good"}>{attempt.status === null ? words.noAnswer : words.status(attempt.status)}</Status>;
}

/** An attempt's bar is pale until its first token. */
function Bar({ phase: { name, from, to, attempt }, end }: { phase: Phase; end: number }) {
  const at = (ms: number) => `${(ms / end) * 100}%`;
  const tone = attempt ? (attempt.error_code ? styles.bad : styles.attempt) : styles[name];
  const first = attempt?.first_token_ms ?? null;
  return (
    <i className={`${styles.bar} ${tone} ${attempt && first === null ? styles.pale : ""}`} style={{ left: at(from), width: `max(3px, ${at(to - from)})` }}>
      {first !== null && to > from ? <i className={styles.wait} style={{ width: `${((first - from) / (to - from)) * 100}%` }} /> : null}
    </i>
  );
}

function PhaseTable({ phases }: { phases: readonly Phase[] }) {
  const words = useTraceWords();
  const language = useLanguage();
  const ms = (value: number) => format.fineDuration(value, language);
  return (
    <Table
      label={words.timeline}
      rows={phases}
      rowKey={(phase) => `${phase.name} ${phase.number ?? ""}`}
      columns={[
        {
          key: "phase",
          title: words.phase,
          lead: true,
          render: (phase) => (phase.attempt ? `${words.attempt(phase.number ?? 1)} · ${phase.attempt.target}` : words.phases[phase.name]),
        },
        { key: "result", title: words.result, render: (phase) => (phase.attempt ? <Result attempt={phase.attempt} /> : <span className="muted">–</span>) },
        {
          key: "first",
          title: words.phases.first,
          align: "end",
          render: (phase) => (typeof phase.attempt?.first_token_ms === "number" ? ms(phase.attempt.first_token_ms) : <span className="muted">–</span>),
        },
        { key: "from", title: words.from, align: "end", render: (phase) => ms(phase.from) },
        { key: "took", title: words.took, align: "end", render: (phase) => ms(phase.to - phase.from) },
      ]}
    />
  );
}
