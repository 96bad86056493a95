import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import styles from "@/features/providers/flow.module.css";
import { linesOf, type Alias, type Line, type Route } from "@/features/providers/alias-values";
import { RouteStatus } from "@/shared/route-state";
import { useRouteWords } from "@/features/providers/route-words";
import { Meter } from "@/shared/figure";
import * as format from "@/shared/format";
import { isCallable } from "@/shared/public-models";
import { Status, Tag, type Tone } from "@/shared/status";
import { Count, useLanguage } from "@/shared/values";

type Replica = Route["replicas"][number];

interface FlowProps {
  routes: readonly Route[];
  /** Every public name, to find the replicas behind an alias's targets. */
  byName: ReadonlyMap<string, Route>;
  aliases: ReadonlyMap<string, Alias>;
  openKey: string | undefined;
  onOpen: (route: Route) => void;
}

/** The live picture: each public name, the lines that calls take, and the replicas at their ends. */
export function Flow({ routes, byName, aliases, openKey, onOpen }: FlowProps) {
  const words = useRouteWords();
  return (
    <div className={styles.flow}>
      <div className={styles.head} aria-hidden="true">
        <span>{words.name}</span>
        <span>{words.model}</span>
        <span>{words.share}</span>
        <span>{words.breaker}</span>
        <span>{words.inFlight}</span>
        <span>{words.waiting}</span>
        <span>{words.firstToken}</span>
      </div>
      <ul aria-label={words.list}>
        {routes.map((route) => (
          <li key={route.name} className={openKey === route.name ? `${styles.route} ${styles.selected}` : styles.route}>
            <Origin route={route} onOpen={onOpen} />
            <ol className={styles.lines}>
              {linesOf(route).map((line) => (
                <Track key={`${line.role} ${line.model}`} line={line} route={route} end={byName.get(line.model)} alias={aliases.get(route.name)} />
              ))}
            </ol>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Origin({ route, onOpen }: { route: Route; onOpen: (route: Route) => void }) {
  const words = useRouteWords();
  return (
    <div className={styles.origin}>
      <span className={styles.start}>
        <button type="button" className={styles.name} data-row="" onClick={() => onOpen(route)}>
          {route.name}
        </button>
      </span>
      <span className={styles.facts}>
        <RouteStatus state={route.state} />
        {route.kind === "alias" ? <Tag>{words.kinds.alias}</Tag> : <span className="muted small">{route.source}</span>}
      </span>
    </div>
  );
}

interface TrackProps {
  line: Line;
  route: Route;
  end: Route | undefined;
  alias: Alias | undefined;
}

/** One line from the name to a model, as wide as its part of the calls. */
function Track({ line, route, end, alias }: TrackProps) {
  const words = useRouteWords();
  const direct = route.kind !== "alias";
  return (
    <li className={`${styles.line} ${styles[line.role]}`}>
      <div className={styles.end}>
        {direct ? <span className="muted">{words.kinds[route.kind]}</span> : <End line={line} end={end} />}
        {line.role === "fallback" ? <Conditions model={line.model} alias={alias} /> : null}
      </div>
      <ShareBar line={line} />
      <Replicas of={direct ? route : end} />
    </li>
  );
}

function End({ line, end }: { line: Line; end: Route | undefined }) {
  const words = useRouteWords();
  return (
    <span className={styles.model}>
      {end?.kind === "deployment" ? (
        <Link to="/deployments" search={{ id: line.model }}>
          {line.model}
        </Link>
      ) : (
        line.model
      )}
      {line.role === "target" ? null : <Tag {...(line.role === "canary" ? { tone: "info" as const } : {})}>{words.roles[line.role]}</Tag>}
      {end?.kind === "provider" ? <span className="muted small">{end.source}</span> : null}
    </span>
  );
}

function Conditions({ model, alias }: { model: string; alias: Alias | undefined }) {
  const words = useRouteWords();
  const language = useLanguage();
  const on = alias?.fallbacks.find((fallback) => fallback.model === model)?.on;
  if (!on?.length) return null;
  const when = new Intl.ListFormat(language === "zh" ? "zh-CN" : "en-GB", { type: "disjunction" }).format(
    on.map((each) => (language === "zh" ? words.conditions[each] : words.conditions[each].toLowerCase())),
  );
  return <small className="muted">{words.onlyIf(when)}</small>;
}

function ShareBar({ line: { share } }: { line: Line }) {
  const words = useRouteWords();
  const language = useLanguage();
  if (share === null) return <span className={`${styles.share} ${styles.empty}`} />;
  return (
    <span className={styles.share}>
      <span className="sr-only">{words.share}</span>
      <span className={styles.bar} aria-hidden="true">
        <i style={{ width: `${share * 100}%` }} />
      </span>
      {format.percent(share, language)}
    </span>
  );
}

const breakerTones: Record<Replica["breaker"], Tone> = { closed: "good", open: "bad", half_open: "warn" };

function Replicas({ of: route }: { of: Route | undefined }) {
  const words = useRouteWords();
  const replicas = route?.replicas ?? [];
  if (!route) return <p className={styles.noReplica}><Status tone="bad">{words.gone}</Status></p>;
  // A process knows the replicas that it has asked.
  if (replicas.length === 0) return <p className={styles.noReplica}>{isCallable(route) ? words.notAsked : words.noReplica}</p>;
  return (
    <ul className={styles.replicas} aria-label={words.breaker}>
      {replicas.map((replica) => (
        <ReplicaRow key={replica.id} replica={replica} />
      ))}
    </ul>
  );
}

function ReplicaRow({ replica }: { replica: Replica }) {
  const words = useRouteWords();
  const language = useLanguage();
  const { breaker, in_flight, waiting, limit, first_token_ms, failures, paused_s, id } = replica;
  const paused = breaker === "closed" && paused_s > 0;
  const title = [id, paused ? words.pausedHelp : words.breakerHelp[breaker], failures ? words.failures(failures) : ""].filter(Boolean).join("\n");
  return (
    <li className={styles.replica}>
      <span title={title}>
        <Status tone={paused ? "warn" : breakerTones[breaker]} live={breaker === "half_open"}>
          {paused ? words.paused(format.duration(paused_s * 1000, language)) : words.breakers[breaker]}
        </Status>
      </span>
      <span className={styles.load}>
        <span>
          <Count value={in_flight} /> <span className="muted">/ {limit}</span>
        </span>
        <Meter calm={waiting === 0} value={in_flight} limit={limit} label={`${words.inFlight}: ${id}`} />
      </span>
      <Cell label={words.waiting} quiet={waiting === 0}>
        <Count value={waiting} />
      </Cell>
      <Cell label={words.firstToken} quiet={first_token_ms === null}>
        {first_token_ms === null ? words.none : format.duration(first_token_ms, language)}
      </Cell>
    </li>
  );
}

/** Under the heads of the picture its name is heard, not seen; on a phone it stands before the value. */
function Cell({ label, quiet, children }: { label: string; quiet: boolean; children: ReactNode }) {
  return (
    <span className={quiet ? `${styles.cell} muted` : styles.cell}>
      <span className={styles.cellLabel}>{label}</span>
      {children}
    </span>
  );
}
