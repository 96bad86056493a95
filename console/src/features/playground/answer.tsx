import { useQuery } from "@tanstack/react-query";
import { pricesQuery } from "@/api/queries";
import styles from "@/features/playground/chat.module.css";
import { cost, speed } from "@/features/playground/delta";
import { Markdown } from "@/features/playground/markdown";
import { ToolCalls } from "@/features/playground/tool-calls";
import type { Answer, Turn } from "@/features/playground/thread";
import { usePlaygroundWords } from "@/features/playground/words";
import { useCommonWords } from "@/shared/common-words";
import { Id } from "@/shared/copy";
import * as format from "@/shared/format";
import { Notice } from "@/shared/states";
import { Tag } from "@/shared/status";
import { Money, useLanguage } from "@/shared/values";

/** Whose words these are: said above every answer, always. */
export function AnswerHead({ answer }: { answer: Answer }) {
  const words = usePlaygroundWords();
  return (
    <div className={styles.head}>
      <Tag tone="light">{words.ai}</Tag>
      <span className="muted small">{answer.model}</span>
    </div>
  );
}

interface AnswerBodyProps {
  turn: Turn;
  onTools?: ((outputs: readonly string[]) => void) | undefined;
}

export function AnswerBody({ turn, onTools }: AnswerBodyProps) {
  const words = usePlaygroundWords();
  const { answer, content, toolCalls } = turn;
  const streaming = answer?.state === "streaming";
  const waiting = streaming && content === "" && !toolCalls?.length;
  return (
    <div className={styles.answer}>
      {waiting ? (
        <p className={styles.waiting}>{words.thinking}</p>
      ) : content ? (
        <Markdown text={content} streaming={streaming} />
      ) : null}
      {toolCalls?.length ? <ToolCalls calls={toolCalls} onSend={streaming ? undefined : onTools} /> : null}
      {answer?.trouble ? <TroubleNotice trouble={answer.trouble} /> : null}
    </div>
  );
}

function TroubleNotice({ trouble }: { trouble: NonNullable<Answer["trouble"]> }) {
  const words = usePlaygroundWords();
  const common = useCommonWords();
  const cut = trouble.code === "stream_cut";
  const away = trouble.code === "unreachable";
  const message = cut ? words.cut : away ? common.unreachable : trouble.message || words.failed;
  const remedy = cut ? words.cutRemedy : away ? common.unreachableRemedy : trouble.remedy;
  return (
    <Notice level="error">
      <p>
        {message} <code className="muted">{trouble.code}</code>
      </p>
      {remedy ? <p>{remedy}</p> : null}
    </Notice>
  );
}

/** Tokens, speed, first token, cost and request id, under each answer. */
export function AnswerFacts({ answer }: { answer: Answer }) {
  const words = usePlaygroundWords();
  const language = useLanguage();
  const { data: prices } = useQuery({ ...pricesQuery, staleTime: 60_000 });
  const { usage, firstTokenMs, requestId } = answer;
  const price = prices?.find(({ model }) => model === answer.model);
  const rate = speed(answer);
  return (
    <div className={styles.facts}>
      {answer.state === "stopped" ? <span>{words.stopped}</span> : null}
      {answer.finish === "length" ? <span>{words.cutByLength}</span> : null}
      {usage ? <span>{words.tokens(format.integer(usage.input, language), format.integer(usage.output, language))}</span> : null}
      {usage?.cached ? <span>{words.cached(format.integer(usage.cached, language))}</span> : null}
      {rate === undefined ? null : <span>{words.perSecond(format.rate(rate, language))}</span>}
      {firstTokenMs === undefined ? null : <span>{words.firstToken(format.duration(firstTokenMs, language))}</span>}
      {usage && price ? <Money micros={cost(usage, price)} currency={price.currency} /> : null}
      {requestId ? <Id value={requestId} short /> : null}
    </div>
  );
}
