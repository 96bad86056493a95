import { Link, Outlet, useLocation, useRouter } from "@tanstack/react-router";
import { Button, Drawer } from "antd";
import { Menu, Search } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { Allowed } from "@/app/fallbacks";
import { pages, useNavigationWords, type PageEntry } from "@/app/navigation";
import styles from "@/app/shell.module.css";
import { Sidebar } from "@/app/sidebar";
import { useCommonWords } from "@/shared/common-words";
import { ownFocus, useFocusBack } from "@/shared/focus";
import { useSession } from "@/shared/permissions";
import { usePhone } from "@/shared/preferences";
import { LanguageSwitch, ThemeSwitch } from "@/shared/switches";

const Commands = lazy(() => import("@/app/commands"));
const Tray = lazy(() => import("@/app/tray"));

/** The frame of the console: where one is, where one can go, and the page. */
export function Shell() {
  const words = useNavigationWords();
  const phone = usePhone();
  const [finding, setFinding] = useState(false);
  const { page, thing } = useCurrentPage();
  useSessionWatch();
  useFindKey(() => setFinding(true));
  return (
    <div className={styles.shell}>
      <a href="#content" className={styles.skip}>
        {words.skip}
      </a>
      {phone ? null : (
        <header>
          <Sidebar onFind={() => setFinding(true)} />
        </header>
      )}
      <div className={styles.body}>
        <Top page={page} thing={thing} phone={phone} onFind={() => setFinding(true)} />
        <main id="content" className={styles.main} tabIndex={-1}>
          {page ? (
            <Allowed title={words.pages[page.key]} needs={page.needs}>
              <Outlet />
            </Allowed>
          ) : (
            <Outlet />
          )}
        </main>
      </div>
      <Suspense fallback={null}>{finding ? <Commands onClose={() => setFinding(false)} /> : null}</Suspense>
    </div>
  );
}

/** The page, and within it the one thing that has a page of its own. */
function useCurrentPage(): { page: PageEntry | undefined; thing: string | undefined } {
  const { pathname } = useLocation();
  const page = pages.find(({ to }) => to === pathname || (to !== "/" && pathname.startsWith(`${to}/`)));
  return { page, thing: page && page.to !== pathname ? decodeURIComponent(pathname.slice(page.to.length + 1)) : undefined };
}

/** A session that ended elsewhere leads to the login. */
function useSessionWatch(): void {
  const session = useSession();
  const router = useRouter();
  useEffect(() => {
    if (session === null) void router.invalidate();
  }, [session, router]);
}

function useFindKey(open: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      open();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  });
}

interface TopProps {
  page: PageEntry | undefined;
  thing: string | undefined;
  phone: boolean;
  onFind: () => void;
}

function Top({ page, thing, phone, onFind }: TopProps) {
  const words = useNavigationWords();
  return (
    <div className={styles.top}>
      <div className={styles.bar}>
      {phone ? <PhoneMenu onFind={onFind} /> : null}
      <nav className={styles.crumbs} aria-label={words.breadcrumbs}>
        <ol>
          {page && page.group !== "home" && !phone ? <li>{words.groups[page.group]}</li> : null}
          {page && thing === undefined ? <li aria-current="page">{words.pages[page.key]}</li> : null}
          {page && thing !== undefined ? (
            <>
              {phone ? null : (
                <li>
                  <Link to={page.to}>{words.pages[page.key]}</Link>
                </li>
              )}
              <li aria-current="page">{words.things[thing] ?? thing}</li>
            </>
          ) : null}
        </ol>
      </nav>
      {phone ? (
        <Button type="text" aria-label={words.findAnything} icon={<Search size={16} aria-hidden="true" />} onClick={onFind} />
      ) : null}
      <Suspense fallback={null}>
        <Tray />
      </Suspense>
      <LanguageSwitch />
      <ThemeSwitch />
      </div>
    </div>
  );
}

function PhoneMenu({ onFind }: { onFind: () => void }) {
  const words = useNavigationWords();
  const common = useCommonWords();
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const gone = useFocusBack(open);
  return (
    <>
      <Button type="text" aria-label={words.openMenu} icon={<Menu size={18} aria-hidden="true" />} onClick={() => setOpen(true)} />
      <Drawer
        open={open}
        onClose={close}
        placement="left"
        size={280}
        closable={false}
        focusable={ownFocus}
        afterOpenChange={(seen) => seen || gone()}
        aria-label={common.brand}
        styles={{ body: { padding: 0 } }}
      >
        <Sidebar
          onGo={close}
          onFind={() => {
            close();
            onFind();
          }}
        />
      </Drawer>
    </>
  );
}
