import { App, Button } from "antd";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { LimitsSection } from "@/features/limits/section";
import { RoleSelect } from "@/features/members/invite";
import { InvitationLink } from "@/features/members/link";
import styles from "@/features/members/members.module.css";
import { useMemberChanges, type Member } from "@/features/members/mutations";
import { MemberStatus } from "@/features/members/status";
import { useMemberWords } from "@/features/members/words";
import { useCommonWords } from "@/shared/common-words";
import { ConfirmDanger } from "@/shared/confirm";
import { Id } from "@/shared/copy";
import { LinkButton } from "@/shared/link-button";
import { DangerZone, Facts, Panel } from "@/shared/panel";
import { useMay, useSession } from "@/shared/permissions";
import { ProblemNotice } from "@/shared/states";
import { Ago, DateOnly } from "@/shared/values";
import { useRoleWords } from "@/shared/role-words";

export function MemberDetail({ member, onClose }: { member: Member; onClose: () => void }) {
  const words = useMemberWords();
  const common = useCommonWords();
  const roles = useRoleWords();
  const self = useSession()?.member.id === member.id;
  const manages = useMay("members.manage") && !self;
  const limits = useMay("limits.read");
  const [error, setError] = useState<unknown>(null);
  const { message } = App.useApp();
  const { change } = useMemberChanges();
  const setRole = async (role: Member["role"]) => {
    setError(null);
    try {
      await change(member, { role });
      void message.success(words.roleChanged);
    } catch (reason) {
      setError(reason);
    }
  };
  return (
    <Panel open title={member.name || member.email} subtitle={<Id value={member.id} />} onClose={onClose}>
      {error ? <ProblemNotice error={error} /> : null}
      <Facts
        rows={[
          [words.status, <MemberStatus key="s" status={member.status} />],
          [words.email, member.email],
          [
            words.role,
            manages ? (
              <div key="r" className={styles.role}>
                <RoleSelect label={words.changeRole} value={member.role} onChange={setRole} />
              </div>
            ) : (
              roles[member.role]
            ),
          ],
          [words.locale, words.locales[member.locale]],
          [words.lastLogin, member.last_login_at ? <Ago key="l" at={member.last_login_at} /> : common.never],
          [words.joined, <DateOnly key="j" at={member.created_at} />],
        ]}
      />
      <div className={styles.actions}>
        <LinkButton to="/keys" search={{ member: member.id }}>{words.keys}</LinkButton>
      </div>
      {limits && member.status !== "disabled" ? <LimitsSection scope={member.id} /> : null}
      {manages ? <Access member={member} onError={setError} /> : null}
    </Panel>
  );
}

function Access({ member, onError }: { member: Member; onError: (error: unknown) => void }) {
  const words = useMemberWords();
  const { change, renewLink } = useMemberChanges();
  const [invited, setInvited] = useState<Schemas["InvitedMember"] | null>(null);
  const [disabling, setDisabling] = useState(false);
  const name = member.name || member.email;
  const attempt = (act: Promise<unknown>) => act.catch(onError);
  if (member.status === "disabled") {
    return (
      <div className={styles.actions}>
        <Button onClick={() => void attempt(change(member, { status: "active" }))}>{words.enable}</Button>
      </div>
    );
  }
  return (
    <>
      <div className={styles.line}>
        <p>{words.newLinkText}</p>
        <Button onClick={() => void attempt(renewLink(member).then(setInvited))}>{words.newLink}</Button>
      </div>
      <DangerZone
        title={words.disableTitle}
        text={words.disableText}
        action={
          <Button danger onClick={() => setDisabling(true)}>
            {words.disable}
          </Button>
        }
      />
      <ConfirmDanger
        open={disabling}
        title={words.disableTitle}
        losses={[words.lossSession(name), words.lossKeys, words.lossBack]}
        verb={words.disable}
        act={() => change(member, { status: "disabled" })}
        onClose={() => setDisabling(false)}
      />
      <InvitationLink invited={invited} onDone={() => setInvited(null)} />
    </>
  );
}
