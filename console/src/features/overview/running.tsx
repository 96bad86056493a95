import { Link } from "@tanstack/react-router";
import { Cpu } from "lucide-react";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import styles from "@/features/overview/overview.module.css";
import { useOverviewWords } from "@/features/overview/words";
import { useCommonWords } from "@/shared/common-words";
import { DeploymentStatus } from "@/shared/deployment-state";
import { rate } from "@/shared/format";
import { Card, Section } from "@/shared/page";
import { ProviderStatus } from "@/shared/route-state";
import { Empty } from "@/shared/states";
import { Tag } from "@/shared/status";
import { useLanguage } from "@/shared/values";

type Running = Pick<Schemas["Overview"], "deployments" | "outside">;
const SHOWN = 8;

/** Deployments and, beside them, outside providers; those that fail first. */
export function Running({ deployments, outside }: Running) {
  const words = useOverviewWords();
  const common = useCommonWords();
  const providers = outside.toSorted((a, b) => Number(b.state === "failing") - Number(a.state === "failing"));
  return (
    <Section
      title={words.whatRuns}
      aside={
        <span className={styles.links}>
          <Link to="/deployments" className={styles.more}>{words.allDeployments}</Link>
          <Link to="/providers" className={styles.more}>{words.allProviders}</Link>
        </span>
      }
    >
      <Card padded={false}>
        {deployments.length + outside.length === 0 ? <Empty icon={Cpu} title={words.nothingRuns} text={words.nothingRunsText} /> : null}
        <ul className={styles.rows}>
          {deployments.map((deployment) => (
            <li key={deployment.name}>
              <Link to="/deployments" search={{ id: deployment.name }}>
                {deployment.name}
              </Link>
              <DeploymentStatus state={deployment.state} />
              <Work now={deployment} />
              {deployment.weak ? <div className={styles.wide}><Tag tone="warn">{common.weakModel}</Tag></div> : null}
              {deployment.reason && deployment.state !== "ready" ? <p>{deployment.reason.message}</p> : null}
            </li>
          ))}
          {providers.slice(0, SHOWN).map((provider) => (
            <li key={provider.id}>
              <Link to="/providers" search={{ id: provider.id }}>
                {provider.name}
              </Link>
              <ProviderStatus state={provider.state} />
              <Work now={provider}>{words.outsideModels(provider.models)}</Work>
              {provider.reason ? <p>{provider.reason.message}</p> : null}
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  );
}

function Work({ now, children }: { now: { tokens_per_second: number; in_flight: number }; children?: ReactNode }) {
  const words = useOverviewWords();
  const language = useLanguage();
  return (
    <small className={styles.wide}>
      {children ? <>{children} · </> : null}
      {rate(now.tokens_per_second, language)} {words.tokensPerSecondUnit} · {words.inFlight(now.in_flight)}
    </small>
  );
}
