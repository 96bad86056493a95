import { useQuery } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { setupQuery } from "@/api/queries";
import { useEnter, useFragmentToken } from "@/features/auth/enter";
import { EmailField, NameField, NewPasswordField } from "@/features/auth/fields";
import { Frame, Stack } from "@/features/auth/frame";
import { useAuthWords } from "@/features/auth/words";
import { CodeBlock } from "@/shared/code";
import { FormBody } from "@/shared/form";
import { LinkButton } from "@/shared/link-button";
import { Bones, ErrorState } from "@/shared/states";
import { useLanguage } from "@/shared/values";

export function SetupPage() {
  const words = useAuthWords();
  const { data, error, refetch } = useQuery(setupQuery);
  const token = useFragmentToken();
  if (error) return <Frame title={words.setupTitle}><ErrorState error={error} retry={() => void refetch()} /></Frame>;
  if (!data) return <Frame title={words.setupTitle}><Bones /></Frame>;
  if (!data.needed) {
    return (
      <Frame title={words.doneTitle} text={words.doneText}>
        <LinkButton to="/login" search={{ next: undefined }} primary size="large" block>{words.signIn}</LinkButton>
      </Frame>
    );
  }
  if (!token) return <NoToken />;
  return <SetupForm token={token} />;
}

function NoToken() {
  const words = useAuthWords();
  return (
    <Frame title={words.noTokenTitle} text={words.noTokenText}>
      <Stack>
        <CodeBlock wrap text={`${location.origin}/setup#token=…`} />
        <p className="muted small">{words.noTokenLost}</p>
      </Stack>
    </Frame>
  );
}

interface Values {
  organisation: string;
  name: string;
  email: string;
  password: string;
}

function SetupForm({ token }: { token: string }) {
  const words = useAuthWords();
  const locale = useLanguage();
  const [form] = Form.useForm<Values>();
  const [busy, setBusy] = useState(false);
  const enter = useEnter();
  const submit = async (values: Values) => enter(await ask(api.POST("/api/setup", { body: { ...values, token, locale } })));
  return (
    <Frame title={words.setupTitle} text={words.setupText}>
      <FormBody form={form} id="setup" initial={{}} submit={submit} onBusy={setBusy}>
        <Form.Item
          name="organisation"
          label={words.organisation}
          extra={words.organisationHelp}
          rules={[{ required: true, whitespace: true, message: words.organisationMissing }]}
        >
          <Input size="large" autoFocus autoComplete="organization" maxLength={120} placeholder={words.organisationExample} />
        </Form.Item>
        <NameField />
        <EmailField />
        <NewPasswordField />
        <Form.Item>
          <Button block type="primary" size="large" htmlType="submit" loading={busy}>
            {words.setupVerb}
          </Button>
        </Form.Item>
      </FormBody>
    </Frame>
  );
}
