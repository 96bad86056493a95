import { useQuery } from "@tanstack/react-query";
import { Button, Form } from "antd";
import { useState } from "react";
import { api, ask, type Schemas } from "@/api/client";
import { useEnter, useFragmentToken } from "@/features/auth/enter";
import { NameField, NewPasswordField } from "@/features/auth/fields";
import { Frame } from "@/features/auth/frame";
import { useAuthWords } from "@/features/auth/words";
import { FormBody } from "@/shared/form";
import { Bones, ErrorState } from "@/shared/states";
import { useLanguage } from "@/shared/values";

export function InvitationPage() {
  const words = useAuthWords();
  const token = useFragmentToken();
  const { data, error, refetch } = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => ask(api.GET("/api/invitations/{token}", { params: { path: { token: token ?? "" } } })),
    enabled: token !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!token) return <Frame title={words.noInvitationTitle} text={words.noInvitationText}>{null}</Frame>;
  if (error) return <Frame title={words.noInvitationTitle}><ErrorState error={error} retry={() => void refetch()} /></Frame>;
  if (!data) return <Frame title="…"><Bones /></Frame>;
  return <Acceptance token={token} invitation={data} />;
}

interface Values {
  name: string;
  password: string;
}

function Acceptance({ token, invitation }: { token: string; invitation: Schemas["Invitation"] }) {
  const words = useAuthWords();
  const locale = useLanguage();
  const [form] = Form.useForm<Values>();
  const [busy, setBusy] = useState(false);
  const enter = useEnter();
  const submit = async (values: Values) =>
    enter(await ask(api.POST("/api/invitations/{token}", { params: { path: { token } }, body: { ...values, locale } })));
  return (
    <Frame title={words.invitedTitle(invitation.organisation)} text={words.invitedText(invitation.email)}>
      <FormBody form={form} id="invitation" initial={{ name: invitation.name }} submit={submit} onBusy={setBusy}>
        <input hidden readOnly autoComplete="username" value={invitation.email} />
        <NameField autoFocus />
        <NewPasswordField />
        <Form.Item>
          <Button block type="primary" size="large" htmlType="submit" loading={busy}>
            {words.join}
          </Button>
        </Form.Item>
      </FormBody>
    </Frame>
  );
}
