import { Link } from "@tanstack/react-router";
import { Cpu } from "lucide-react";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import styles from "@/features/overview/overview.module.css";
import { useOverviewWords } from "@/features/overview/words";
import { useCommonWords } from "@/shared/common-words";
import { DeploymentStatus } from "@/shared/deployment-state";
import { rate } from "@/shared/format";
import { LinkButton } from "@/shared/link-button";
import { Card, Section } from "@/shared/page";
import { useMay } from "@/shared/permissions";
import { ProviderStatus } from "@/shared/route-state";
import { Empty } from "@/shared/states";
import { Tag } from "@/shared/status";
import { useLanguage } from "@/shared/values";

type Running = Pick<Schemas["Overview"], "deployments" | "outside">;
const SHOWN = 6;

/** Deployments and, beside them, outside providers; those that fail first, and no more than one sees at a glance. */
export function Running({ deployments, outside }: Running) {
  const words = useOverviewWords();
  const common = useCommonWords();
  const mayDeploy = useMay("deployments.manage");
  const served = failedFirst(deployments, "failed");
  const providers = failedFirst(outside, "failing");
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
        {deployments.length + outside.length === 0 ? <Empty icon={Cpu} title={words.nothingRuns} text={words.nothingRunsText} action={mayDeploy ? <LinkButton to="/deployments" search={{ create: true }}>{words.deploy}</LinkButton> : null} /> : null}
        <ul className={styles.rows}>
          {served.slice(0, SHOWN).map((deployment) => (
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
          <More of={served} to="/deployments" />
          <More of={providers} to="/providers" />
        </ul>
      </Card>
    </Section>
  );
}

const failedFirst = <Thing extends { state: string }>(things: readonly Thing[], failed: string): Thing[] =>
  things.toSorted((a, b) => Number(b.state === failed) - Number(a.state === failed));

function More({ of, to }: { of: readonly unknown[]; to: "/deployments" | "/providers" }) {
  const words = useOverviewWords();
  if (of.length <= SHOWN) return null;
  return (
    <li>
      <Link to={to}>{words.more[to](of.length - SHOWN)}</Link>
    </li>
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
