import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { aliasesQuery, pricesQuery, providersQuery, routesQuery } from "@/api/queries";
import { AliasDetail } from "@/features/providers/alias-detail";
import { AliasFields } from "@/features/providers/alias-fields";
import { useAliasChanges } from "@/features/providers/alias-mutations";
import { freshAlias, valuesOf as aliasValues, type Alias, type AliasValues } from "@/features/providers/alias-values";
import { ProviderDetail } from "@/features/providers/detail";
import { useProviderChanges } from "@/features/providers/mutations";
import { ProviderFields } from "@/features/providers/provider-fields";
import { useRouteWords } from "@/features/providers/route-words";
import { freshProvider, valuesOf, type Provider, type ProviderValues } from "@/features/providers/values";
import { useProviderWords } from "@/features/providers/words";
import { useCommonWords } from "@/shared/common-words";
import { FormPanel } from "@/shared/form";
import { sourceOf } from "@/shared/source";

interface PanelsProps {
  search: { id?: string | undefined; create?: true | undefined; view?: "code" | undefined };
  onSearch: (change: { id?: string | undefined; create?: true | undefined; view?: "code" | undefined }) => void;
  manages: boolean;
}

export function ProviderPanels({ search, onSearch, manages }: PanelsProps) {
  const providers = useQuery(providersQuery).data;
  const [editing, setEditing] = useState(false);
  const open = providers?.find(({ id }) => id === search.id);
  return (
    <>
      <CreateProvider open={manages && search.create === true} onClose={() => onSearch({ create: undefined })} onMade={({ id }) => onSearch({ create: undefined, id })} />
      {open ? (
        <ProviderDetail
          provider={open}
          view={search.view}
          onView={(view) => onSearch({ view })}
          onEdit={() => setEditing(true)}
          onClose={() => onSearch({ id: undefined, view: undefined })}
        />
      ) : null}
      {open && editing && manages ? <EditProvider provider={open} onClose={() => setEditing(false)} /> : null}
    </>
  );
}

function CreateProvider({ open, onClose, onMade }: { open: boolean; onClose: () => void; onMade: (made: Provider) => void }) {
  const words = useProviderWords();
  const { create } = useProviderChanges();
  const made = useRef<Provider>(null);
  const submit = async (values: ProviderValues) => {
    made.current = await create({ ...freshProvider, ...values });
  };
  // One change of the address: from the form to what it has made.
  const close = () => {
    const provider = made.current;
    made.current = null;
    if (provider) onMade(provider);
    else onClose();
  };
  return (
    <FormPanel<ProviderValues> open={open} width={640} id="provider-create" title={words.addTitle} verb={words.add} initial={freshProvider} submit={submit} onClose={close}>
      {(form) => <ProviderFields form={form} known={false} />}
    </FormPanel>
  );
}

function EditProvider({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const words = useProviderWords();
  const common = useCommonWords();
  const { change } = useProviderChanges();
  const prices = useQuery(pricesQuery);
  const initial = valuesOf(provider, new Map(prices.data?.map((price) => [price.model, price])));
  return (
    <FormPanel<ProviderValues>
      open
      width={640}
      id="provider-edit"
      title={words.editTitle}
      subtitle={provider.name}
      verb={common.save}
      initial={initial}
      waits={prices.data ? undefined : sourceOf(prices)}
      submit={(values) => change(provider, { ...initial, ...values })}
      onClose={onClose}
    >
      {(form) => <ProviderFields form={form} known hint={provider.credential_hint} />}
    </FormPanel>
  );
}

export function AliasPanels({ search, onSearch, manages }: PanelsProps) {
  const words = useRouteWords();
  const { create } = useAliasChanges();
  const aliases = useQuery(aliasesQuery).data;
  const routes = useQuery(routesQuery).data;
  const [editing, setEditing] = useState(false);
  const open = aliases?.find(({ id, name }) => name === search.id || id === search.id);
  return (
    <>
      <FormPanel<AliasValues>
        open={manages && search.create === true}
        width={640}
        id="alias-create"
        title={words.createTitle}
        verb={words.create}
        initial={freshAlias}
        submit={(values) => create({ ...freshAlias, ...values })}
        onClose={() => onSearch({ create: undefined })}
      >
        <AliasFields />
      </FormPanel>
      {open ? (
        <AliasDetail
          alias={open}
          route={routes?.find(({ name }) => name === open.name)}
          view={search.view}
          onView={(view) => onSearch({ view })}
          onEdit={() => setEditing(true)}
          onClose={() => onSearch({ id: undefined, view: undefined })}
        />
      ) : null}
      {open && editing && manages ? <EditAlias alias={open} onClose={() => setEditing(false)} onMoved={(id) => onSearch({ id })} /> : null}
    </>
  );
}

function EditAlias({ alias, onClose, onMoved }: { alias: Alias; onClose: () => void; onMoved: (name: string) => void }) {
  const words = useRouteWords();
  const common = useCommonWords();
  const { change } = useAliasChanges();
  const submit = async (given: AliasValues) => {
    const values = { ...aliasValues(alias), ...given };
    await change(alias, values);
    if (values.name.trim() !== alias.name) onMoved(values.name.trim());
  };
  return (
    <FormPanel<AliasValues>
      open
      width={640}
      id="alias-edit"
      title={words.editTitle}
      subtitle={alias.name}
      verb={common.save}
      initial={aliasValues(alias)}
      submit={submit}
      onClose={onClose}
    >
      <AliasFields />
    </FormPanel>
  );
}
