import { Link } from "@tanstack/react-router";
import { Cpu } from "lucide-react";
import type { Schemas } from "@/api/client";
import styles from "@/features/overview/overview.module.css";
import { useOverviewWords } from "@/features/overview/words";
import { useCommonWords } from "@/shared/common-words";
import { DeploymentStatus } from "@/shared/deployment-state";
import { rate } from "@/shared/format";
import { Card, Section } from "@/shared/page";
import { Empty } from "@/shared/states";
import { Tag } from "@/shared/status";
import { useLanguage } from "@/shared/values";

export function Running({ deployments }: { deployments: Schemas["Deployment"][] }) {
  const words = useOverviewWords();
  const common = useCommonWords();
  const language = useLanguage();
  return (
    <Section title={words.whatRuns} aside={<Link to="/deployments" className={styles.more}>{words.allDeployments}</Link>}>
      <Card padded={false}>
        {deployments.length === 0 ? <Empty icon={Cpu} title={words.nothingRuns} text={words.nothingRunsText} /> : null}
        <ul className={styles.rows}>
          {deployments.map((deployment) => (
            <li key={deployment.name}>
              <Link to="/deployments" search={{ id: deployment.name }}>
                {deployment.name}
              </Link>
              <DeploymentStatus state={deployment.state} />
              <small className={styles.wide}>
                {rate(deployment.tokens_per_second, language)} {words.tokensPerSecondUnit} · {words.inFlight(deployment.in_flight)}
              </small>
              {deployment.weak ? <div className={styles.wide}><Tag tone="warn">{common.weakModel}</Tag></div> : null}
              {deployment.reason && deployment.state !== "ready" ? <p>{deployment.reason.message}</p> : null}
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  );
}
