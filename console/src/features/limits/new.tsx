import { useQuery } from "@tanstack/react-query";
import { Form } from "antd";
import { keysQuery, membersQuery, routesQuery } from "@/api/queries";
import { useLimitWords } from "@/features/limits/words";
import { FormPanel } from "@/shared/form";
import { useSession } from "@/shared/permissions";
import { Picker } from "@/shared/picker";
import { Segments } from "@/shared/segments";
import { sourceOf } from "@/shared/source";

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
            <Segments aria-label={words.kind} options={kinds.map((value) => ({ value, label: words.scopes[value] }))} onChange={() => form.setFieldsValue({ thing: undefined })} />
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
  const keys = useQuery(keysQuery);
  const members = useQuery(membersQuery);
  const models = useQuery({ ...routesQuery, refetchInterval: false });
  if (!kind || kind === "tenant") return null;
  const options = {
    key: keys.data?.filter(({ status }) => status !== "revoked").map(({ id, name }) => ({ value: id, label: name })),
    member: members.data?.map(({ id, name, email }) => ({ value: id, label: name || email })),
    model: models.data?.map(({ name }) => ({ value: `model:${name}`, label: name })),
  }[kind];
  const source = sourceOf({ key: keys, member: members, model: models }[kind]);
  return (
    <Form.Item name="thing" label={words.scopes[kind]} rules={[{ required: true, message: words.thingMissing }]}>
      <Picker source={source} showSearch={{ optionFilterProp: "label" }} placeholder={words.thingMissing} options={options ?? []} />
    </Form.Item>
  );
}
