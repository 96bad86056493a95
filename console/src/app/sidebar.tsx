import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Dropdown } from "antd";
import { ChevronsUpDown, LogOut, Search, Settings } from "lucide-react";
import { useId } from "react";
import { api, ask, sessionKey } from "@/api/client";
import { groups, pagesFor, useNavigationWords } from "@/app/navigation";
import styles from "@/app/shell.module.css";
import { Mark } from "@/shared/brand";
import { isMac } from "@/shared/hotkeys";
import { useSession } from "@/shared/permissions";
import { useRoleWords } from "@/shared/role-words";

export function Sidebar({ onFind, onGo }: { onFind: () => void; onGo?: () => void }) {
  const words = useNavigationWords();
  const pages = pagesFor(useSession());
  // No headings: those are the page's, and begin with its title.
  const base = useId();
  return (
    <div className={styles.side}>
      <Link to="/" className={styles.brand} onClick={onGo}>
        <Mark />
        <span>
          缉熙 <small>Jixi</small>
        </span>
      </Link>
      <button type="button" className={styles.find} onClick={onFind}>
        <Search size={14} aria-hidden="true" />
        <span>{words.findAnything}</span>
        <kbd aria-hidden="true">{isMac() ? "⌘K" : "Ctrl K"}</kbd>
      </button>
      <nav className={styles.nav} aria-label={words.main}>
        {groups.map((group) => {
          const own = pages.filter((page) => page.group === group);
          if (own.length === 0) return null;
          const named = group !== "home";
          return (
            <div key={group} className={styles.group}>
              {named ? <p id={`${base}-${group}`}>{words.groups[group]}</p> : null}
              <ul {...(named ? { "aria-labelledby": `${base}-${group}` } : {})}>
                {own.map(({ key, to, icon: Icon }) => (
                  <li key={key}>
                    <Link to={to} className={styles.link} activeOptions={{ exact: to === "/", includeSearch: false }} onClick={onGo}>
                      <Icon size={16} aria-hidden="true" />
                      {words.pages[key]}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </nav>
      <Account onGo={onGo} />
    </div>
  );
}

function Account({ onGo }: { onGo: (() => void) | undefined }) {
  const words = useNavigationWords();
  const roles = useRoleWords();
  const session = useSession();
  const navigate = useNavigate();
  const signOut = useSignOut();
  if (!session) return null;
  const name = session.member.name || session.member.email;
  return (
    <Dropdown
      trigger={["click"]}
      placement="topLeft"
      menu={{
        items: [
          { key: "role", label: `${session.member.email} · ${roles[session.member.role]}`, disabled: true },
          { type: "divider" },
          { key: "settings", label: words.pages.settings, icon: <Settings size={14} aria-hidden="true" /> },
          { type: "divider" },
          { key: "out", label: words.signOut, icon: <LogOut size={14} aria-hidden="true" /> },
        ],
        onClick: ({ key }) => {
          onGo?.();
          if (key === "out") void signOut();
          else void navigate({ to: "/settings" });
        },
      }}
    >
      <button type="button" className={styles.account}>
        <span className="sr-only">{words.account}</span>
        <span className={styles.face} aria-hidden="true">
          {name.slice(0, 1).toUpperCase()}
        </span>
        <span className={styles.who}>
          <span>{name}</span>
          <small>{session.tenant.name}</small>
        </span>
        <ChevronsUpDown size={14} className="muted" aria-hidden="true" />
      </button>
    </Dropdown>
  );
}

export function useSignOut(): () => Promise<void> {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    await ask(api.DELETE("/api/session")).catch(() => undefined);
    // The playground keeps what was said in this tab; it is not for the next reader.
    sessionStorage.clear();
    queryClient.clear();
    queryClient.setQueryData(sessionKey, null);
    await navigate({ to: "/login", search: { next: undefined } });
  };
}
