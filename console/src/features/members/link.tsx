import { Button } from "antd";
import type { Schemas } from "@/api/client";
import { useMemberWords } from "@/features/members/words";
import { CodeBlock } from "@/shared/code";
import { CopyButton } from "@/shared/copy";
import { Dialog } from "@/shared/dialog";
import * as format from "@/shared/format";
import panel from "@/shared/panel.module.css";
import { useLanguage } from "@/shared/values";

/** The one time that an invitation link is shown. */
export function InvitationLink({ invited, onDone }: { invited: Schemas["InvitedMember"] | null; onDone: () => void }) {
  const words = useMemberWords();
  const language = useLanguage();
  return (
    <Dialog
      open={invited !== null}
      title={words.linkTitle}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      width={560}
      footer={<Button onClick={onDone}>{words.linkDone}</Button>}
    >
      {invited ? (
        <div className={panel.confirm}>
          <p className="muted">{words.linkText(invited.member.name || invited.member.email)}</p>
          <CodeBlock wrap text={invited.invitation_url} />
          <p className="muted small">
            {words.linkUntil}: {format.time(invited.expires_at, "full", language)}
          </p>
          <div>
            <CopyButton primary text={invited.invitation_url} label={words.linkCopy} />
          </div>
        </div>
      ) : null}
    </Dialog>
  );
}
