import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Form, Input, Select } from "antd";
import { useState } from "react";
import { api, ask, sessionKey, type Schemas, type Session } from "@/api/client";
import { BrowserSettings } from "@/features/settings/browser";
import styles from "@/features/settings/settings.module.css";
import { useSettingsWords } from "@/features/settings/words";
import { useCommonWords } from "@/shared/common-words";
import { FormBody, useLeaveGuard } from "@/shared/form";
import { Card, Section } from "@/shared/page";
import { Facts } from "@/shared/panel";
import { useSession } from "@/shared/permissions";
import { setPreferences } from "@/shared/preferences";
import { useRoleWords } from "@/shared/role-words";

export function ProfileTab() {
  const session = useSession();
  if (!session) return null;
  return (
    <div className={styles.columns}>
      <Profile session={session} />
      <div className={styles.stack}>
        <Password email={session.member.email} />
        <BrowserSettings />
      </div>
    </div>
  );
}

function useChange(): (body: Schemas["SessionChange"]) => Promise<void> {
  const queryClient = useQueryClient();
  return async (body) => {
    queryClient.setQueryData(sessionKey, await ask(api.PATCH("/api/session", { body })));
  };
}

interface ProfileValues {
  name: string;
  locale: "zh" | "en";
}

function Profile({ session }: { session: Session }) {
  const words = useSettingsWords();
  const common = useCommonWords();
  const roles = useRoleWords();
  const { message } = App.useApp();
  const [form] = Form.useForm<ProfileValues>();
  const [busy, setBusy] = useState(false);
  const [dirty, setDirty] = useState(false);
  const change = useChange();
  useLeaveGuard(dirty);
  const submit = async (values: ProfileValues) => {
    await change(values);
    setPreferences({ language: values.locale });
    void message.success(common.saved);
  };
  const { member, tenant } = session;
  return (
    <Section title={words.you}>
      <Card>
        <div className={styles.gap}>
          <Facts
            rows={[
              [words.email, member.email],
              [words.role, roles[member.role]],
              [words.organisation, tenant.name],
            ]}
          />
        </div>
        <FormBody
          form={form}
          id="profile"
          initial={{ name: member.name, locale: member.locale }}
          submit={submit}
          onBusy={setBusy}
          onDirty={setDirty}
        >
          <Form.Item name="name" label={words.name} rules={[{ required: true, whitespace: true, message: words.nameMissing }]}>
            <Input autoComplete="name" maxLength={120} />
          </Form.Item>
          <Form.Item name="locale" label={words.language} extra={words.languageHelp} rules={[{ required: true }]}>
            <Select options={(["zh", "en"] as const).map((value) => ({ value, label: words.languages[value] }))} />
          </Form.Item>
          <Form.Item>
            <Button type="primary" htmlType="submit" loading={busy} disabled={!dirty}>
              {common.save}
            </Button>
          </Form.Item>
        </FormBody>
      </Card>
    </Section>
  );
}

interface PasswordValues {
  current_password: string;
  new_password: string;
}

function Password({ email }: { email: string }) {
  const words = useSettingsWords();
  const { message } = App.useApp();
  const [form] = Form.useForm<PasswordValues>();
  const [busy, setBusy] = useState(false);
  const change = useChange();
  const submit = async (values: PasswordValues) => {
    await change(values);
    form.resetFields();
    void message.success(words.passwordChanged);
  };
  return (
    <Section title={words.password}>
      <Card>
        <p className={`muted ${styles.gap}`}>{words.passwordText}</p>
        <FormBody form={form} id="password" initial={{}} submit={submit} onBusy={setBusy}>
          <input hidden readOnly autoComplete="username" value={email} />
          <Form.Item name="current_password" label={words.currentPassword} rules={[{ required: true, message: words.currentMissing }]}>
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          <Form.Item
            name="new_password"
            label={words.newPassword}
            extra={words.passwordHelp}
            rules={[
              { required: true, message: words.newMissing },
              { min: 10, max: 256, message: words.newShort },
            ]}
          >
            <Input.Password autoComplete="new-password" />
          </Form.Item>
          <Form.Item>
            <Button htmlType="submit" loading={busy}>
              {words.changePassword}
            </Button>
          </Form.Item>
        </FormBody>
      </Card>
    </Section>
  );
}
