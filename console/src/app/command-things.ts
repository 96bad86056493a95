import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Cpu, KeyRound, Layers, Plug, ReceiptText, Store, User, Waypoints } from "lucide-react";
import { aliasesQuery, deploymentsQuery, keysQuery, membersQuery, modelsQuery, providersQuery } from "@/api/queries";
import { useCommandWords, type Command } from "@/app/command-words";
import { may, useSession } from "@/shared/permissions";

type Thing = Omit<Command, "group">;

/** What has a name or an id: found among what this reader may see. */
export function useThings(text: string): Command[] {
  const wanted = text.trim().length >= 2;
  const found = [...useIds(text.trim()), ...usePeopleAndKeys(wanted), ...useModels(wanted)];
  return wanted ? found.map((thing) => Object.assign({ group: "things" as const }, thing)) : [];
}

/** Ids that say themselves what they are of. */
function useIds(id: string): Thing[] {
  const texts = useCommandWords();
  const navigate = useNavigate();
  if (/^(req_|chatcmpl-)\w/.test(id)) {
    return [{ id, label: texts.call, detail: id, icon: ReceiptText, act: () => void navigate({ to: "/usage/$request", params: { request: id } }) }];
  }
  if (/^batch_\w/.test(id)) {
    return [{ id, label: texts.batch, detail: id, icon: Layers, act: () => void navigate({ to: "/batches", search: { id } }) }];
  }
  return [];
}

function usePeopleAndKeys(wanted: boolean): Thing[] {
  const session = useSession();
  const navigate = useNavigate();
  const keys = useQuery({ ...keysQuery, enabled: wanted && may(session, "keys.own", "keys.manage") }).data ?? [];
  const members = useQuery({ ...membersQuery, enabled: wanted && may(session, "members.read") }).data ?? [];
  return [
    ...keys.map(({ id, name, hint }) => ({
      id,
      label: name,
      detail: hint,
      also: id,
      icon: KeyRound,
      act: () => void navigate({ to: "/keys", search: { id } }),
    })),
    ...members.map(({ id, name, email }) => ({
      id,
      label: name || email,
      detail: email,
      also: id,
      icon: User,
      act: () => void navigate({ to: "/members", search: { id } }),
    })),
  ];
}

function useModels(wanted: boolean): Thing[] {
  const session = useSession();
  const navigate = useNavigate();
  const still = { refetchInterval: false } as const;
  const deployments = useQuery({ ...deploymentsQuery, ...still, enabled: wanted && may(session, "deployments.read") }).data ?? [];
  const aliases = useQuery({ ...aliasesQuery, enabled: wanted && may(session, "routes.read") }).data ?? [];
  const models = useQuery({ ...modelsQuery(""), ...still, enabled: wanted && may(session, "models.read") }).data ?? [];
  const providers = useQuery({ ...providersQuery, ...still, enabled: wanted && may(session, "providers.read") }).data ?? [];
  return [
    ...deployments.map(({ name, engine }) => ({
      id: name,
      label: name,
      detail: engine,
      icon: Cpu,
      act: () => void navigate({ to: "/deployments", search: { id: name } }),
    })),
    ...aliases.map(({ id, name, targets }) => ({
      id,
      label: name,
      detail: targets.map(({ model }) => model).join(", "),
      also: id,
      icon: Waypoints,
      act: () => void navigate({ to: "/providers", search: { tab: "routes", id: name } }),
    })),
    ...models.map(({ id, name, publisher }) => ({
      id: `model ${id}`,
      label: name,
      detail: publisher,
      also: id,
      icon: Store,
      act: () => void navigate({ to: "/store", search: { id } }),
    })),
    ...providers.map(({ id, name, models: served }) => ({
      id,
      label: name,
      detail: served.map((model) => model.name).join(", "),
      also: id,
      icon: Plug,
      act: () => void navigate({ to: "/providers", search: { id } }),
    })),
  ];
}
