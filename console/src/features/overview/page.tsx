import { useQuery } from "@tanstack/react-query";
import { MessagesSquare } from "lucide-react";
import type { Schemas } from "@/api/client";
import { aboutQuery, overviewQuery } from "@/api/queries";
import { FirstCall, NextSteps } from "@/features/overview/next-steps";
import { Numbers } from "@/features/overview/numbers";
import styles from "@/features/overview/overview.module.css";
import { RecentErrors } from "@/features/overview/recent-errors";
import { Running } from "@/features/overview/running";
import { Traffic } from "@/features/overview/traffic";
import { useOverviewWords } from "@/features/overview/words";
import { LinkButton } from "@/shared/link-button";
import { Card, Page } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { Bones, ErrorState, Notice } from "@/shared/states";

export function OverviewPage() {
  const words = useOverviewWords();
  const mayChat = useMay("inference.use");
  const about = useQuery(aboutQuery);
  const overview = useQuery(overviewQuery);
  const { error, refetch } = overview;
  // Notices stand above all else: what comes below waits for them, so that nothing moves.
  const data = about.isPending ? undefined : overview.data;
  return (
    <Page
      title={words.title}
      sentence={words.sentence}
      actions={
        mayChat ? (
          <LinkButton primary to="/playground" icon={<MessagesSquare size={15} aria-hidden="true" />}>{words.playground}</LinkButton>
        ) : null
      }
    >
      <Notices of={about.data?.notices ?? []} />
      {data ? <Body data={data} /> : error ? <Card padded={false}><ErrorState error={error} retry={() => void refetch()} /></Card> : <Waiting />}
    </Page>
  );
}

function Body({ data }: { data: Schemas["Overview"] }) {
  const quiet = data.next_steps.includes("first_call");
  return (
    <>
      <NextSteps steps={data.next_steps} />
      <Numbers data={data} />
      {quiet ? <FirstCall /> : null}
      <div className={styles.columns}>
        <Running deployments={data.deployments} outside={data.outside} />
        <RecentErrors errors={data.recent_errors} />
      </div>
      {quiet ? null : <Traffic data={data} />}
    </>
  );
}

function Notices({ of }: { of: Schemas["About"]["notices"] }) {
  return of.map((notice) => (
    <Notice key={notice.code + notice.message} level={notice.level}>
      <p>{notice.message}</p>
    </Notice>
  ));
}

function Waiting() {
  return (
    <>
      <Card padded={false}><Bones lines={3} /></Card>
      <Card padded={false}><Bones lines={8} /></Card>
    </>
  );
}
