import { Form, Input, Select } from "antd";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { InvitationLink } from "@/features/members/link";
import styles from "@/features/members/members.module.css";
import { useMemberChanges, type Member } from "@/features/members/mutations";
import { useMemberWords } from "@/features/members/words";
import { FormPanel } from "@/shared/form";
import { useSession } from "@/shared/permissions";
import { useLanguage } from "@/shared/values";
import { useRoleWords } from "@/shared/role-words";

/** Nobody can give more than they have. */
export function useRoles(): Member["role"][] {
  const own = useSession()?.member.role;
  const all: Member["role"][] = ["developer", "analyst", "auditor", "tenant_admin"];
  return own === "platform_admin" ? [...all, "platform_admin"] : all;
}

export function RoleSelect(props: { id?: string; value?: Member["role"]; onChange?: (role: Member["role"]) => void; label?: string; disabled?: boolean }) {
  const words = useMemberWords();
  const roles = useRoleWords();
  const { label, ...rest } = props;
  const options = useRoles().map((role) => ({ value: role, label: roles[role] }));
  return (
    <Select
      {...rest}
      popupMatchSelectWidth={300}
      {...(label ? { "aria-label": label } : {})}
      options={props.value && !options.some(({ value }) => value === props.value) ? [...options, { value: props.value, label: roles[props.value] }] : options}
      optionRender={({ value, label: name }) => (
        <div className={styles.option}>
          {name}
          <small>{words.roleTexts[value as Member["role"]]}</small>
        </div>
      )}
    />
  );
}

export function Invite({ open, onClose }: { open: boolean; onClose: () => void }) {
  const words = useMemberWords();
  const language = useLanguage();
  const { invite } = useMemberChanges();
  const [invited, setInvited] = useState<Schemas["InvitedMember"] | null>(null);
  return (
    <>
      <FormPanel<Schemas["MemberInvitation"]>
        open={open}
        id="member-invite"
        title={words.inviteTitle}
        verb={words.inviteVerb}
        initial={{ role: "developer", locale: language }}
        submit={async (values) => setInvited(await invite(values))}
        onClose={onClose}
      >
        <Form.Item name="name" label={words.name} rules={[{ required: true, whitespace: true, message: words.nameMissing }]}>
          <Input autoFocus autoComplete="off" maxLength={120} />
        </Form.Item>
        <Form.Item
          name="email"
          label={words.email}
          rules={[
            { required: true, message: words.emailMissing },
            { type: "email", message: words.emailWrong },
          ]}
        >
          <Input type="email" autoComplete="off" autoCapitalize="off" placeholder="lin@example.com" />
        </Form.Item>
        <Form.Item name="role" label={words.role} rules={[{ required: true, message: words.roleMissing }]}>
          <RoleSelect />
        </Form.Item>
        <Form.Item name="locale" label={words.locale} rules={[{ required: true }]}>
          <Select options={(["zh", "en"] as const).map((value) => ({ value, label: words.locales[value] }))} />
        </Form.Item>
      </FormPanel>
      <InvitationLink invited={invited} onDone={() => setInvited(null)} />
    </>
  );
}
