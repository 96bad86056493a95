import { useRouter } from "@tanstack/react-router";
import { Compass, Lock } from "lucide-react";
import type { ReactNode } from "react";
import styles from "@/app/shell.module.css";
import { Mark } from "@/shared/brand";
import { useCommonWords } from "@/shared/common-words";
import { LinkButton } from "@/shared/link-button";
import { Card, Page } from "@/shared/page";
import { useMay, type Action } from "@/shared/permissions";
import { Bones, Empty, ErrorState } from "@/shared/states";

/** What stands in for a page: while it comes, when it broke, when there is none, when it is not for this role. */
export function WaitingPage() {
  const words = useCommonWords();
  return (
    <Page title={words.loading}>
      <Card padded={false}>
        <Bones lines={8} />
      </Card>
    </Page>
  );
}

/** Before it is known who is there. */
export function Splash() {
  const words = useCommonWords();
  return (
    <main className={styles.splash} aria-busy="true">
      <Mark size={40} />
      <h1 className="sr-only">{words.loading}</h1>
    </main>
  );
}

export function FailedPage({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <main>
      <ErrorState error={error} retry={retry} centred />
    </main>
  );
}

export function MissingPage() {
  const words = useCommonWords();
  return (
    <main>
      <Empty centred icon={Compass} title={words.notFound} text={words.notFoundText} action={<LinkButton to="/">{words.goHome}</LinkButton>} />
    </main>
  );
}

export function Allowed({ title, needs, children }: { title: string; needs: readonly Action[]; children: ReactNode }) {
  const words = useCommonWords();
  const allowed = useMay(...needs);
  if (allowed) return children;
  return (
    <Page title={title}>
      <Card padded={false}>
        <Empty icon={Lock} title={words.forbidden} text={words.forbiddenText} action={<LinkButton to="/">{words.goHome}</LinkButton>} />
      </Card>
    </Page>
  );
}
