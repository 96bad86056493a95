import { Calculator, ChartColumn, Cpu, House, KeyRound, Layers, MessagesSquare, Server, Settings, Store, Users, Waypoints, type LucideIcon } from "lucide-react";
import type { Session } from "@/api/client";
import { may, type Action } from "@/shared/permissions";
import { words } from "@/shared/words";

export type PageKey = "overview" | "playground" | "batches" | "store" | "deployments" | "providers" | "nodes" | "planner" | "keys" | "members" | "usage" | "settings";
export type GroupKey = "home" | "build" | "models" | "compute" | "organisation";

export interface PageEntry {
  key: PageKey;
  to: "/" | "/playground" | "/batches" | "/store" | "/deployments" | "/providers" | "/nodes" | "/planner" | "/keys" | "/members" | "/usage" | "/settings";
  group: GroupKey;
  icon: LucideIcon;
  /** Any of these opens the page. */
  needs: readonly Action[];
}

/** The map of the console (CONSOLE.md), as far as its pages work. */
export const pages: readonly PageEntry[] = [
  { key: "overview", to: "/", group: "home", icon: House, needs: ["overview.read"] },
  { key: "playground", to: "/playground", group: "build", icon: MessagesSquare, needs: ["inference.use"] },
  { key: "batches", to: "/batches", group: "build", icon: Layers, needs: ["inference.use"] },
  { key: "store", to: "/store", group: "models", icon: Store, needs: ["models.read"] },
  { key: "deployments", to: "/deployments", group: "models", icon: Cpu, needs: ["deployments.read"] },
  { key: "providers", to: "/providers", group: "models", icon: Waypoints, needs: ["providers.read", "routes.read"] },
  { key: "nodes", to: "/nodes", group: "compute", icon: Server, needs: ["deployments.read"] },
  { key: "planner", to: "/planner", group: "compute", icon: Calculator, needs: ["plans.read"] },
  { key: "members", to: "/members", group: "organisation", icon: Users, needs: ["members.read", "members.manage"] },
  { key: "keys", to: "/keys", group: "organisation", icon: KeyRound, needs: ["keys.own", "keys.manage"] },
  { key: "usage", to: "/usage", group: "organisation", icon: ChartColumn, needs: ["usage.read", "usage.own"] },
  { key: "settings", to: "/settings", group: "organisation", icon: Settings, needs: ["session.own"] },
];

export const groups: readonly GroupKey[] = ["home", "build", "models", "compute", "organisation"];

export function pagesFor(session: Session | null | undefined): PageEntry[] {
  return pages.filter((page) => may(session, ...page.needs));
}

export const useNavigationWords = words({
  en: {
    main: "Main navigation",
    skip: "Skip to the content",
    openMenu: "Open the menu",
    account: "Account",
    signOut: "Sign out",
    findAnything: "Find anything",
    breadcrumbs: "Breadcrumbs",
    things: { compare: "Compare" } as Record<string, string>,
    groups: { home: "Home", build: "Build", models: "Models", compute: "Compute", organisation: "Organisation" },
    pages: {
      overview: "Overview",
      playground: "Playground",
      batches: "Batches",
      store: "Model store",
      deployments: "Deployments",
      providers: "Providers & routes",
      nodes: "Nodes",
      planner: "Planner",
      keys: "API keys",
      members: "Members",
      usage: "Usage & cost",
      settings: "Settings",
    },
  },
  zh: {
    main: "主导航",
    skip: "跳到正文",
    openMenu: "打开菜单",
    account: "账号",
    signOut: "退出登录",
    findAnything: "搜索或跳转",
    breadcrumbs: "位置",
    things: { compare: "对比" } as Record<string, string>,
    groups: { home: "首页", build: "构建", models: "模型", compute: "算力", organisation: "组织" },
    pages: {
      overview: "概览",
      playground: "试验场",
      batches: "批处理",
      store: "模型商店",
      deployments: "部署",
      providers: "供应商与路由",
      nodes: "节点",
      planner: "规划器",
      keys: "密钥",
      members: "成员",
      usage: "用量与费用",
      settings: "设置",
    },
  },
});
