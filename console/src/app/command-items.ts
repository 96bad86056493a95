import { useNavigate } from "@tanstack/react-router";
import { Gauge, Languages, LogOut, Layers, MailPlus, Moon, Plug, Plus, Sun, Waypoints } from "lucide-react";
import { useThings } from "@/app/command-things";
import { useCommandWords, type Command } from "@/app/command-words";
import { pagesFor, useNavigationWords } from "@/app/navigation";
import { useSignOut } from "@/app/sidebar";
import { useCommonWords } from "@/shared/common-words";
import { may, useSession } from "@/shared/permissions";
import { setPreferences, usePreferences, useScheme } from "@/shared/preferences";
import { matches } from "@/shared/rows";

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
    may(session, "models.register") && {
      id: "add-own-model",
      group: "actions",
      label: texts.addOwnModel,
      icon: Plus,
      act: () => void navigate({ to: "/store", search: { create: true } }),
    },
    may(session, "providers.manage") && {
      id: "add-provider",
      group: "actions",
      label: texts.addProvider,
      icon: Plug,
      act: () => void navigate({ to: "/providers", search: { create: true } }),
    },
    may(session, "routes.manage") && {
      id: "create-alias",
      group: "actions",
      label: texts.createAlias,
      icon: Waypoints,
      act: () => void navigate({ to: "/providers", search: { tab: "routes", create: true } }),
    },
    may(session, "inference.use") && {
      id: "start-batch",
      group: "actions",
      label: texts.startBatch,
      icon: Layers,
      act: () => void navigate({ to: "/batches", search: { create: true } }),
    },
    may(session, "limits.manage") && {
      id: "set-limit",
      group: "actions",
      label: texts.setLimit,
      icon: Gauge,
      act: () => void navigate({ to: "/usage", search: { tab: "limits" } }),
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
