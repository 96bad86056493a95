import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Cpu, KeyRound, Languages, LogOut, MailPlus, Moon, Plus, ReceiptText, Sun, User, type LucideIcon } from "lucide-react";
import { deploymentsQuery, keysQuery, membersQuery } from "@/api/queries";
import { pagesFor, useNavigationWords } from "@/app/navigation";
import { useSignOut } from "@/app/sidebar";
import { useCommonWords } from "@/shared/common-words";
import { may, useSession } from "@/shared/permissions";
import { setPreferences, usePreferences, useScheme } from "@/shared/preferences";
import { matches } from "@/shared/rows";
import { words } from "@/shared/words";

export interface Command {
  id: string;
  group: "pages" | "actions" | "things";
  label: string;
  detail?: string;
  icon: LucideIcon;
  /** What a search also finds it by. */
  also?: string;
  act: () => void;
}

export const useCommandWords = words({
  en: {
    title: "Find anything",
    placeholder: "Go to a page, do something, or paste an ID",
    pages: "Go to",
    actions: "Do",
    things: "Found",
    createKey: "Create an API key",
    inviteMember: "Invite a member",
    dark: "Use the dark theme",
    light: "Use the light theme",
    call: "Look up this call",
    none: "Nothing found. Try a page's name, a key's name, or an ID such as key_…",
  },
  zh: {
    title: "搜索或跳转",
    placeholder: "前往页面、执行操作，或粘贴 ID",
    pages: "前往",
    actions: "操作",
    things: "找到",
    createKey: "创建 API 密钥",
    inviteMember: "邀请成员",
    dark: "使用深色主题",
    light: "使用浅色主题",
    call: "查找这次调用",
    none: "没有找到。可以输入页面名、密钥名，或 key_… 这样的 ID。",
  },
});

/** What the palette offers for this text: pages, actions, and things by name or id. */
export function useCommands(text: string): Command[] {
  const all = [...usePages(), ...useActions(), ...useThings(text)];
  return all.filter((command) => matches(`${command.label} ${command.detail ?? ""} ${command.also ?? ""}`, text));
}

function usePages(): Command[] {
  const texts = useNavigationWords();
  const other = useNavigationWords(usePreferences().language === "zh" ? "en" : "zh");
  const navigate = useNavigate();
  return pagesFor(useSession()).map((page) => ({
    id: page.key,
    group: "pages",
    label: texts.pages[page.key],
    // Found by its name in the other language too.
    also: `${other.pages[page.key]} ${page.to}`,
    icon: page.icon,
    act: () => void navigate({ to: page.to }),
  }));
}

function useActions(): Command[] {
  const texts = useCommandWords();
  const common = useCommonWords();
  const navigation = useNavigationWords();
  const { language } = usePreferences();
  const scheme = useScheme();
  const session = useSession();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const actions: (Command | false)[] = [
    may(session, "keys.own", "keys.manage") && {
      id: "create-key",
      group: "actions",
      label: texts.createKey,
      icon: Plus,
      act: () => void navigate({ to: "/keys", search: { create: true } }),
    },
    may(session, "members.manage") && {
      id: "invite",
      group: "actions",
      label: texts.inviteMember,
      icon: MailPlus,
      act: () => void navigate({ to: "/members", search: { create: true } }),
    },
    {
      id: "theme",
      group: "actions",
      label: scheme === "dark" ? texts.light : texts.dark,
      icon: scheme === "dark" ? Sun : Moon,
      act: () => setPreferences({ theme: scheme === "dark" ? "light" : "dark" }),
    },
    {
      id: "language",
      group: "actions",
      label: common.switchLanguage,
      icon: Languages,
      act: () => setPreferences({ language: language === "zh" ? "en" : "zh" }),
    },
    { id: "out", group: "actions", label: navigation.signOut, icon: LogOut, act: () => void signOut() },
  ];
  return actions.filter((action): action is Command => action !== false);
}

function useThings(text: string): Command[] {
  const texts = useCommandWords();
  const session = useSession();
  const navigate = useNavigate();
  const wanted = text.trim().length >= 2;
  const keys = useQuery({ ...keysQuery, enabled: wanted && may(session, "keys.own", "keys.manage") });
  const members = useQuery({ ...membersQuery, enabled: wanted && may(session, "members.read") });
  const deployments = useQuery({ ...deploymentsQuery, refetchInterval: false, enabled: wanted && may(session, "deployments.read") });
  if (!wanted) return [];
  const id = text.trim();
  const calls: Command[] = /^(req_|chatcmpl-)\w/.test(id)
    ? [{ id, group: "things", label: texts.call, detail: id, icon: ReceiptText, act: () => void navigate({ to: "/usage", search: { tab: "calls", id } }) }]
    : [];
  return [
    ...calls,
    ...(keys.data ?? []).map(
      (key): Command => ({
        id: key.id,
        group: "things",
        label: key.name,
        detail: key.hint,
        also: key.id,
        icon: KeyRound,
        act: () => void navigate({ to: "/keys", search: { id: key.id } }),
      }),
    ),
    ...(members.data ?? []).map(
      (member): Command => ({
        id: member.id,
        group: "things",
        label: member.name || member.email,
        detail: member.email,
        also: member.id,
        icon: User,
        act: () => void navigate({ to: "/members", search: { id: member.id } }),
      }),
    ),
    ...(deployments.data ?? []).map(
      (deployment): Command => ({
        id: deployment.name,
        group: "things",
        label: deployment.name,
        detail: deployment.engine,
        icon: Cpu,
        act: () => void navigate({ to: "/deployments", search: { id: deployment.name } }),
      }),
    ),
  ];
}
