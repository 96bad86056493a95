import { Button } from "antd";
import type { Schemas } from "@/api/client";
import styles from "@/features/keys/keys.module.css";
import { useKeyWords } from "@/features/keys/words";
import { CodeTabs } from "@/shared/code";
import { CopyButton } from "@/shared/copy";
import { Dialog } from "@/shared/dialog";
import panel from "@/shared/panel.module.css";
import { usePublicModels } from "@/shared/public-models";
import { firstCall, snippets } from "@/shared/snippets";

/** The one time that a key is shown. Only its own button closes it: a slip of the mouse would lose the key. */
export function Secret({ made, onDone }: { made: Schemas["NewKey"] | null; onDone: () => void }) {
  const words = useKeyWords();
  return (
    <Dialog
      open={made !== null}
      title={words.secretTitle}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      width={600}
      footer={<Button onClick={onDone}>{words.secretDone}</Button>}
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
    </Dialog>
  );
}

/** The kinds of calls that a first example is shown for. */
const shown: ReadonlySet<string> = new Set(["chat", "completions", "embeddings"]);

function Example({ made }: { made: Schemas["NewKey"] }) {
  const words = useKeyWords();
  const { models: known } = usePublicModels();
  const { scopes, models } = made.key;
  const open = (kind: string) => shown.has(kind) && scopes.some((scope) => scope === kind);
  const fits = known?.find(({ name, kinds }) => (!models || models.includes(name)) && kinds.some(open));
  if (!fits) return null;
  const kinds = fits.kinds.filter(open);
  return (
    <>
      <h3>{words.tryIt}</h3>
      <CodeTabs snippets={snippets(location.origin, firstCall(fits.name, kinds, words.hello), made.secret)} />
    </>
  );
}
