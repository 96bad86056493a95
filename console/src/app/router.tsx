import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { queryClient } from "@/api/query-client";
import { sessionQuery, setupQuery } from "@/api/queries";
import { FailedPage, MissingPage, Splash, WaitingPage } from "@/app/fallbacks";
import * as searches from "@/app/searches";
import { Shell } from "@/app/shell";
import { suggestLanguage } from "@/shared/preferences";

const root = createRootRoute({ component: Outlet, notFoundComponent: MissingPage, errorComponent: FailedPage });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  pendingComponent: Splash,
  validateSearch: searches.loginSearch,
  beforeLoad: async () => {
    if (await queryClient.ensureQueryData(sessionQuery)) throw redirect({ to: "/" });
    const setup = await queryClient.fetchQuery(setupQuery).catch(() => null);
    if (setup?.needed) throw redirect({ to: "/setup" });
  },
  component: lazyRouteComponent(() => import("@/features/auth/login"), "LoginPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("@/features/auth/setup"), "SetupPage"),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitation",
  component: lazyRouteComponent(() => import("@/features/auth/invitation"), "InvitationPage"),
});

const console = createRoute({
  getParentRoute: () => root,
  id: "console",
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (session) {
      // Before the page asks for anything: the server words its texts in this language.
      suggestLanguage(session.member.locale);
      return;
    }
    const next = location.href === "/" ? undefined : location.href;
    throw redirect({ to: "/login", search: { next } });
  },
  component: Shell,
  pendingComponent: Splash,
  pendingMs: 400,
});

const overview = createRoute({
  getParentRoute: () => console,
  path: "/",
  component: lazyRouteComponent(() => import("@/features/overview/page"), "OverviewPage"),
});

const playground = createRoute({
  getParentRoute: () => console,
  path: "/playground",
  validateSearch: searches.playgroundSearch,
  component: lazyRouteComponent(() => import("@/features/playground/page"), "PlaygroundPage"),
});

const batches = createRoute({
  getParentRoute: () => console,
  path: "/batches",
  validateSearch: searches.batchesSearch,
  component: lazyRouteComponent(() => import("@/features/batches/page"), "BatchesPage"),
});

const deployments = createRoute({
  getParentRoute: () => console,
  path: "/deployments",
  validateSearch: searches.deploymentsSearch,
  component: lazyRouteComponent(() => import("@/features/deployments/page"), "DeploymentsPage"),
});

const deployment = createRoute({
  getParentRoute: () => console,
  path: "/deployments/$deployment",
  validateSearch: searches.deploymentSearch,
  component: lazyRouteComponent(() => import("@/features/deployments/deployment-page"), "DeploymentPage"),
});

const store = createRoute({
  getParentRoute: () => console,
  path: "/store",
  validateSearch: searches.storeSearch,
  component: lazyRouteComponent(() => import("@/features/store/page"), "StorePage"),
});

const comparison = createRoute({
  getParentRoute: () => console,
  path: "/store/compare",
  validateSearch: searches.comparisonSearch,
  component: lazyRouteComponent(() => import("@/features/store/compare"), "ComparePage"),
});

const model = createRoute({
  getParentRoute: () => console,
  path: "/store/$model",
  validateSearch: searches.modelSearch,
  component: lazyRouteComponent(() => import("@/features/store/model-page"), "ModelPage"),
});

const providers = createRoute({
  getParentRoute: () => console,
  path: "/providers",
  validateSearch: searches.providersSearch,
  component: lazyRouteComponent(() => import("@/features/providers/page"), "ProvidersPage"),
});

const nodes = createRoute({
  getParentRoute: () => console,
  path: "/nodes",
  validateSearch: searches.nodesSearch,
  component: lazyRouteComponent(() => import("@/features/nodes/page"), "NodesPage"),
});

const planner = createRoute({
  getParentRoute: () => console,
  path: "/planner",
  validateSearch: searches.plannerSearch,
  component: lazyRouteComponent(() => import("@/features/planner/page"), "PlannerPage"),
});

const keys = createRoute({
  getParentRoute: () => console,
  path: "/keys",
  validateSearch: searches.keysSearch,
  component: lazyRouteComponent(() => import("@/features/keys/page"), "KeysPage"),
});

const members = createRoute({
  getParentRoute: () => console,
  path: "/members",
  validateSearch: searches.membersSearch,
  component: lazyRouteComponent(() => import("@/features/members/page"), "MembersPage"),
});

const usage = createRoute({
  getParentRoute: () => console,
  path: "/usage",
  validateSearch: searches.usageSearch,
  component: lazyRouteComponent(() => import("@/features/usage/page"), "UsagePage"),
});

const call = createRoute({
  getParentRoute: () => console,
  path: "/usage/$request",
  component: lazyRouteComponent(() => import("@/features/traces/page"), "TracePage"),
});

const settings = createRoute({
  getParentRoute: () => console,
  path: "/settings",
  validateSearch: searches.settingsSearch,
  component: lazyRouteComponent(() => import("@/features/settings/page"), "SettingsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    setup,
    invitation,
    console.addChildren([overview, playground, batches, store, comparison, model, deployments, deployment, providers, nodes, planner, keys, members, usage, call, settings]),
  ]),
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultPendingComponent: WaitingPage,
  defaultErrorComponent: FailedPage,
  defaultNotFoundComponent: MissingPage,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
