import { getRouteApi } from "@tanstack/react-router";
import { Button, Form } from "antd";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useEnter } from "@/features/auth/enter";
import { EmailField, PasswordField } from "@/features/auth/fields";
import { Frame } from "@/features/auth/frame";
import { useAuthWords } from "@/features/auth/words";
import { FormBody } from "@/shared/form";

const route = getRouteApi("/login");

interface Values {
  email: string;
  password: string;
}

export function LoginPage() {
  const words = useAuthWords();
  const { next } = route.useSearch();
  const [form] = Form.useForm<Values>();
  const [busy, setBusy] = useState(false);
  const enter = useEnter();
  const submit = async (values: Values) => enter(await ask(api.POST("/api/session", { body: values })), next);
  return (
    <Frame title={words.signInTitle}>
      <FormBody form={form} id="login" initial={{}} submit={submit} onBusy={setBusy}>
        <EmailField autoFocus />
        <PasswordField />
        <Form.Item>
          <Button block type="primary" size="large" htmlType="submit" loading={busy}>
            {words.signIn}
          </Button>
        </Form.Item>
      </FormBody>
      <p className="muted small">{words.forgot}</p>
    </Frame>
  );
}
