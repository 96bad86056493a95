import { Link, type LinkProps } from "@tanstack/react-router";
import { Download, KeyRound, MailPlus, MessagesSquare, Plug, TriangleAlert, Gauge, type LucideIcon } from "lucide-react";
import type { Schemas } from "@/api/client";
import styles from "@/features/overview/overview.module.css";
import { useOverviewWords } from "@/features/overview/words";
import { CodeTabs } from "@/shared/code";
import { Card, Section } from "@/shared/page";
import { useExampleModel } from "@/shared/public-models";
import { firstCall, snippets } from "@/shared/snippets";

type Step = Schemas["Overview"]["next_steps"][number];

const ways: Record<Step, { icon: LucideIcon; link: Pick<LinkProps, "to" | "search"> }> = {
  first_call: { icon: MessagesSquare, link: { to: "/playground" } },
  create_key: { icon: KeyRound, link: { to: "/keys", search: { create: true } } },
  set_limit: { icon: Gauge, link: { to: "/usage", search: { tab: "limits" } } },
  invite_member: { icon: MailPlus, link: { to: "/members", search: { create: true } } },
  model_downloading: { icon: Download, link: { to: "/store", search: { here: "downloading" } } },
  add_provider: { icon: Plug, link: { to: "/providers", search: { create: true } } },
  provider_failing: { icon: TriangleAlert, link: { to: "/providers", search: { state: "failing" } } },
  model_failed: { icon: TriangleAlert, link: { to: "/deployments", search: { state: "failed" } } },
};

export function NextSteps({ steps }: { steps: readonly Step[] }) {
  const words = useOverviewWords();
  if (steps.length === 0) return null;
  return (
    <Section title={words.nextSteps}>
      <ul className={styles.steps}>
        {steps.map((step) => {
          const { icon: Icon, link } = ways[step];
          return (
            <li key={step}>
              <Link {...link} className={styles.step}>
                <Icon size={16} aria-hidden="true" />
                <span>
                  <h3>{words.steps[step].title}</h3>
                  <p>{words.steps[step].text}</p>
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

/** Until somebody has called, the place of the chart shows how to. */
export function FirstCall() {
  const words = useOverviewWords();
  const model = useExampleModel();
  if (!model) return null;
  return (
    <Section title={words.firstCall}>
      <Card>
        <div className={styles.first}>
          <p className="muted">{words.firstCallText}</p>
          <CodeTabs snippets={snippets(location.origin, firstCall(model.name, model.kinds, words.hello))} />
        </div>
      </Card>
    </Section>
  );
}
