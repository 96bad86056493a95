import { Button, Modal } from "antd";
import type { Schemas } from "@/api/client";
import { useQuery } from "@tanstack/react-query";
import { deploymentsQuery } from "@/api/queries";
import styles from "@/features/keys/keys.module.css";
import { useKeyWords } from "@/features/keys/words";
import { CodeTabs } from "@/shared/code";
import { CopyButton } from "@/shared/copy";
import panel from "@/shared/panel.module.css";
import { firstCall, snippets } from "@/shared/snippets";

/** The one time that a key is shown. Only its own button closes it: a slip of the mouse would lose the key. */
export function Secret({ made, onDone }: { made: Schemas["NewKey"] | null; onDone: () => void }) {
  const words = useKeyWords();
  return (
    <Modal
      open={made !== null}
      title={words.secretTitle}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      width={600}
      footer={<Button onClick={onDone}>{words.secretDone}</Button>}
      destroyOnHidden
    >
      {made ? (
        <div className={panel.confirm}>
          <p className="muted">{words.secretText}</p>
          <div className={styles.secret} data-testid="secret">
            {made.secret}
          </div>
          <div>
            <CopyButton primary text={made.secret} label={words.secretCopy} />
          </div>
          <Example made={made} />
        </div>
      ) : null}
    </Modal>
  );
}

function Example({ made }: { made: Schemas["NewKey"] }) {
  const words = useKeyWords();
  const { data } = useQuery({ ...deploymentsQuery, refetchInterval: false });
  const { scopes, models } = made.key;
  const fits = data?.find(({ name, kinds }) => (!models || models.includes(name)) && kinds.some((kind) => scopes.includes(kind)));
  if (!fits) return null;
  const kinds = fits.kinds.filter((kind) => scopes.includes(kind));
  return (
    <>
      <h3>{words.tryIt}</h3>
      <CodeTabs snippets={snippets(location.origin, firstCall(fits.name, kinds, words.hello), made.secret)} />
    </>
  );
}
