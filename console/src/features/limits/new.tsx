import { useQuery } from "@tanstack/react-query";
import { Form, Segmented, Select } from "antd";
import { keysQuery, membersQuery, routesQuery } from "@/api/queries";
import { useLimitWords } from "@/features/limits/words";
import { FormPanel } from "@/shared/form";
import { useSession } from "@/shared/permissions";

interface Values {
  kind: "member" | "key" | "model" | "tenant";
  thing?: string;
}

const kinds = ["key", "member", "model", "tenant"] as const;

/** Whose limit it is to be; the limits themselves are set on its panel. */
export function NewLimit({ open, onClose, onChosen }: { open: boolean; onClose: () => void; onChosen: (scope: string) => void }) {
  const words = useLimitWords();
  const tenant = useSession()?.tenant;
  const submit = ({ kind, thing }: Values) => {
    onChosen(kind === "tenant" ? (tenant?.id ?? "") : (thing ?? ""));
    return Promise.resolve();
  };
  return (
    <FormPanel<Values> open={open} id="limit-new" title={words.newTitle} verb={words.next} initial={{ kind: "key" }} submit={submit} onClose={onClose}>
      {(form) => (
        <>
          <Form.Item name="kind" label={words.kind} rules={[{ required: true }]}>
            <Segmented options={kinds.map((value) => ({ value, label: words.scopes[value] }))} onChange={() => form.setFieldsValue({ thing: undefined })} />
          </Form.Item>
          <Things />
        </>
      )}
    </FormPanel>
  );
}

function Things() {
  const words = useLimitWords();
  const kind = Form.useWatch<Values["kind"] | undefined>("kind");
  const keys = useQuery(keysQuery).data ?? [];
  const members = useQuery(membersQuery).data ?? [];
  const models = useQuery({ ...routesQuery, refetchInterval: false }).data ?? [];
  if (!kind || kind === "tenant") return null;
  const options = {
    key: keys.filter(({ status }) => status !== "revoked").map(({ id, name }) => ({ value: id, label: name })),
    member: members.map(({ id, name, email }) => ({ value: id, label: name || email })),
    model: models.map(({ name }) => ({ value: `model:${name}`, label: name })),
  }[kind];
  return (
    <Form.Item name="thing" label={words.scopes[kind]} rules={[{ required: true, message: words.thingMissing }]}>
      <Select showSearch={{ optionFilterProp: "label" }} placeholder={words.thingMissing} options={options} />
    </Form.Item>
  );
}
