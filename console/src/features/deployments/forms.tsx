import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { queryClient } from "@/api/query-client";
import { routesQuery } from "@/api/queries";
import { DeployFields } from "@/features/deployments/fields";
import { previewQuery, useDeploymentChanges, type Deployment, type Detail } from "@/features/deployments/queries";
import { draftOf, freeName, fresh, planOf, valuesOf, type DeployValues } from "@/features/deployments/values";
import { useDeploymentWords } from "@/features/deployments/words";
import { FormPanel } from "@/shared/form";
import { sourceOf } from "@/shared/source";

/** The id that the licence must be accepted by, if it must: what the preview said last. */
async function toAccept(values: DeployValues, before?: Detail): Promise<string | null> {
  const draft = draftOf(values, before);
  if (!values.accept || !draft) return null;
  return (await queryClient.fetchQuery(previewQuery(draft))).license?.to_accept ?? null;
}

interface DeployProps {
  model: string | undefined;
  variant: string | undefined;
  onMade: (made: Deployment) => void;
  onClose: () => void;
}

/** One click where the defaults will do: a model is all that must be chosen. */
export function Deploy({ model, variant, onMade, onClose }: DeployProps) {
  const words = useDeploymentWords();
  const { create } = useDeploymentChanges();
  const routes = useQuery(routesQuery);
  const made = useRef<Deployment>(null);
  // The proposed name must be free, so the names that are taken come first.
  const name = model ? freeName(model, new Set(routes.data?.map((route) => route.name))) : "";
  const initial = { ...fresh, model_id: model, variant: variant ?? null, name };
  const submit = async (given: DeployValues) => {
    const values = { ...initial, ...given };
    made.current = await create({ ...planOf(values, await toAccept(values)), parallel: values.parallel, options: {}, name: values.name.trim(), description: values.description ?? "" });
  };
  const close = () => (made.current ? onMade(made.current) : onClose());
  return (
    <FormPanel<DeployValues> open id="deploy" width={600} title={words.deployTitle} verb={words.deployVerb} initial={initial} waits={routes.data ? undefined : sourceOf(routes)} submit={submit} onClose={close}>
      {(form) => <DeployFields form={form} />}
    </FormPanel>
  );
}

interface EditProps {
  deployment: Detail;
  onClose: () => void;
}

/** A change is a new revision, brought about replica by replica. */
export function Edit({ deployment, onClose }: EditProps) {
  // What is edited is what stood there as the form opened, however it goes on: a change of somebody else's is met with a refusal.
  const [base, setBase] = useState(deployment);
  return <EditForm key={base.version} base={base} reload={() => setBase(deployment)} onClose={onClose} />;
}

function EditForm({ base, reload, onClose }: { base: Detail; reload: () => void; onClose: () => void }) {
  const words = useDeploymentWords();
  const { change } = useDeploymentChanges();
  const initial = valuesOf(base);
  const submit = async (given: DeployValues) => {
    const values = { ...initial, ...given };
    const { model_id: _model, ...plan } = planOf(values, await toAccept(values, base), base);
    await change(base, { ...plan, description: values.description ?? "" });
  };
  return (
    <FormPanel<DeployValues> open id="deployment" width={600} title={words.editTitle} subtitle={base.name} verb={words.editVerb} initial={initial} submit={submit} reload={reload} onClose={onClose}>
      {(form) => <DeployFields form={form} before={base} />}
    </FormPanel>
  );
}
