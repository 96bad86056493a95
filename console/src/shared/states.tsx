import { Button } from "antd";
import { CircleAlert, Info, TriangleAlert, type LucideIcon } from "lucide-react";
import type { CSSProperties, ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { useCommonWords } from "@/shared/common-words";
import { Id } from "@/shared/copy";
import { Heading } from "@/shared/heading";
import styles from "@/shared/states.module.css";

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  text: ReactNode;
  /** A real example of what would be here, or of how it gets here. */
  example?: ReactNode;
  action?: ReactNode;
  centred?: boolean;
}

/** Nothing here yet: what this is for, and the one next step. */
export function Empty({ icon: Icon, title, text, example, action, centred = false }: EmptyProps) {
  return (
    <div className={centred ? `${styles.state} ${styles.centred}` : styles.state}>
      <span className={styles.icon}>
        <Icon size={18} aria-hidden="true" />
      </span>
      <Title centred={centred}>{title}</Title>
      <p>{text}</p>
      {example ? <div className={styles.example}>{example}</div> : null}
      {action ? <div className={styles.next}>{action}</div> : null}
    </div>
  );
}

/** Centred it is the whole page, and its title the page's. */
function Title({ centred, children }: { centred: boolean; children: ReactNode }) {
  return centred ? <h1 className={styles.title}>{children}</h1> : <Heading className={styles.title}>{children}</Heading>;
}

/** What happened, why, and what to do, from whatever a promise was rejected with. */
export function useProblemTexts(error: unknown): { message: string; remedy: string; code: string; requestId?: string | undefined } {
  const words = useCommonWords();
  const problem = asProblem(error);
  const base = { code: problem.code, requestId: problem.requestId };
  if (problem.code === "unreachable") return { ...base, message: words.unreachable, remedy: words.unreachableRemedy };
  if (problem.code === "broken") return { ...base, message: words.brokenPage, remedy: `${words.brokenPageRemedy} ${problem.message}` };
  return {
    ...base,
    message: problem.message || words.unexpected(problem.status),
    remedy: problem.remedy ?? (problem.message ? "" : words.unexpectedRemedy),
  };
}

export function ErrorState({ error, retry, centred = false }: { error: unknown; retry?: () => void; centred?: boolean }) {
  const words = useCommonWords();
  const { message, remedy, code, requestId } = useProblemTexts(error);
  return (
    <div className={`${styles.state} ${styles.bad} ${centred ? styles.centred : ""}`} role="alert">
      <span className={styles.icon}>
        <CircleAlert size={18} aria-hidden="true" />
      </span>
      <Title centred={centred}>{words.errorTitle}</Title>
      <p className={styles.why}>{message}</p>
      {remedy ? <p>{remedy}</p> : null}
      {retry ? (
        <div className={styles.next}>
          <Button onClick={retry}>{words.retry}</Button>
        </div>
      ) : null}
      <p className={styles.facts}>
        <code>{code}</code> {requestId ? <Id value={requestId} /> : null}
      </p>
    </div>
  );
}

export type NoticeLevel = "info" | "warning" | "error";
const tones: Record<NoticeLevel, string> = { info: "info", warning: "warn", error: "bad" };

export function Notice({ level, children, action }: { level: NoticeLevel; children: ReactNode; action?: ReactNode }) {
  const Icon = level === "info" ? Info : TriangleAlert;
  const style = { "--tone": `var(--jx-${tones[level]})` } as CSSProperties;
  return (
    <div className={styles.notice} style={style} role={level === "error" ? "alert" : "status"}>
      <Icon size={16} aria-hidden="true" />
      <div className={styles.noticeBody}>{children}</div>
      {action}
    </div>
  );
}

/** A refusal inside a form or a panel. */
export function ProblemNotice({ error, action }: { error: unknown; action?: ReactNode }) {
  const { message, remedy } = useProblemTexts(error);
  return (
    <Notice level="error" action={action}>
      <p>{message}</p>
      {remedy ? <p>{remedy}</p> : null}
    </Notice>
  );
}

/** Stands above what was read before the server stopped answering. */
export function StaleNotice({ error, retry }: { error: unknown; retry: () => void }) {
  const words = useCommonWords();
  const { message, remedy } = useProblemTexts(error);
  return (
    <Notice level="warning" action={<Button onClick={retry}>{words.retry}</Button>}>
      <p>
        {words.stale} {message}
      </p>
      {remedy ? <p>{remedy}</p> : null}
    </Notice>
  );
}

const widths = [92, 78, 86, 64, 81, 70];

/** The shape of what is coming. */
export function Bones({ lines = 5 }: { lines?: number }) {
  const words = useCommonWords();
  return (
    <div className={styles.bones} aria-busy="true">
      <span className="sr-only">{words.loading}</span>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className={styles.bone} style={{ width: `${widths[i % widths.length]}%` }} />
      ))}
    </div>
  );
}
