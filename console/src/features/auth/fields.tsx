import { Form, Input } from "antd";
import { useAuthWords } from "@/features/auth/words";

/** The fields that set-up, invitation and login share. */
export function EmailField({ autoFocus = false }: { autoFocus?: boolean }) {
  const words = useAuthWords();
  return (
    <Form.Item
      name="email"
      label={words.email}
      rules={[
        { required: true, message: words.emailMissing },
        { type: "email", message: words.emailWrong },
      ]}
    >
      <Input size="large" type="email" autoComplete="username" autoCapitalize="off" spellCheck={false} autoFocus={autoFocus} />
    </Form.Item>
  );
}

export function PasswordField() {
  const words = useAuthWords();
  return (
    <Form.Item name="password" label={words.password} rules={[{ required: true, message: words.passwordMissing }]}>
      <Input.Password size="large" autoComplete="current-password" />
    </Form.Item>
  );
}

export function NewPasswordField({ name = "password" }: { name?: string }) {
  const words = useAuthWords();
  return (
    <Form.Item
      name={name}
      label={words.newPassword}
      extra={words.passwordHelp}
      rules={[
        { required: true, message: words.passwordMissing },
        { min: 10, max: 256, message: words.passwordShort },
      ]}
    >
      <Input.Password size="large" autoComplete="new-password" />
    </Form.Item>
  );
}

export function NameField({ autoFocus = false }: { autoFocus?: boolean }) {
  const words = useAuthWords();
  return (
    <Form.Item name="name" label={words.name} rules={[{ required: true, whitespace: true, message: words.nameMissing }]}>
      <Input size="large" autoComplete="name" maxLength={120} autoFocus={autoFocus} />
    </Form.Item>
  );
}
