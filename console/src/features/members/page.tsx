import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Button } from "antd";
import { MailPlus, Users } from "lucide-react";
import { membersQuery } from "@/api/queries";
import { MemberDetail } from "@/features/members/detail";
import { Invite } from "@/features/members/invite";
import styles from "@/features/members/members.module.css";
import type { Member } from "@/features/members/mutations";
import { MemberStatus } from "@/features/members/status";
import { useMemberWords } from "@/features/members/words";
import { useCommonWords } from "@/shared/common-words";
import { List, type Filter } from "@/shared/list";
import { Page } from "@/shared/page";
import { useMay, useSession } from "@/shared/permissions";
import type { Column } from "@/shared/rows";
import { Empty } from "@/shared/states";
import { Tag } from "@/shared/status";
import { Ago, DateOnly } from "@/shared/values";
import { useRoleWords } from "@/shared/role-words";

const route = getRouteApi("/console/members");
const roleKeys = ["platform_admin", "tenant_admin", "developer", "analyst", "auditor"] as const;
const statusKeys = ["active", "invited", "disabled"] as const;

export function MembersPage() {
  const words = useMemberWords();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const members = useQuery(membersQuery);
  const columns = useColumns();
  const filters = useFilters(search.role, search.status);
  const manages = useMay("members.manage");
  const open = members.data?.find((member) => member.id === search.id);
  const change = (part: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: !("id" in part) });
  const invite = manages ? (
    <Button type="primary" icon={<MailPlus size={15} aria-hidden="true" />} onClick={() => change({ create: true })}>
      {words.invite}
    </Button>
  ) : null;
  return (
    <Page title={words.title} sentence={words.sentence} actions={invite}>
      <List
        name="members"
        label={words.list}
        rows={members.data}
        error={members.error}
        retry={() => void members.refetch()}
        columns={columns}
        filters={filters}
        search={search}
        onSearch={change}
        text={(member) => [member.name, member.email, member.id, member.role].join(" ")}
        rowKey={(member) => member.id}
        rowName={(member) => member.name || member.email}
        openable
        empty={<Empty icon={Users} title={words.emptyTitle} text={words.emptyText} action={invite} />}
      />
      {members.data?.length === 1 ? <Empty icon={Users} title={words.emptyTitle} text={words.emptyText} action={invite} /> : null}
      <Invite open={manages && search.create === true} onClose={() => change({ create: undefined })} />
      {open ? <MemberDetail member={open} onClose={() => change({ id: undefined })} /> : null}
    </Page>
  );
}

function useFilters(role: string | undefined, status: string | undefined): Filter<Member>[] {
  const words = useMemberWords();
  const roles = useRoleWords();
  return [
    {
      key: "role",
      label: words.role,
      options: roleKeys.map((value) => ({ value, label: roles[value] })),
      value: role,
      keeps: (member, value) => member.role === value,
    },
    {
      key: "status",
      label: words.status,
      options: statusKeys.map((value) => ({ value, label: words.statuses[value] })),
      value: status,
      keeps: (member, value) => member.status === value,
    },
  ];
}

function useColumns(): Column<Member>[] {
  const words = useMemberWords();
  const common = useCommonWords();
  const roles = useRoleWords();
  const self = useSession()?.member.id;
  return [
    {
      key: "name",
      title: words.name,
      lead: true,
      value: (member) => member.name || member.email,
      render: (member) => (
        <span className={styles.person}>
          {member.name || member.email}
          {member.id === self ? <Tag>{words.you}</Tag> : null}
        </span>
      ),
    },
    { key: "email", title: words.email, value: (member) => member.email, render: (member) => <span className="muted">{member.email}</span> },
    { key: "role", title: words.role, value: (member) => roles[member.role], render: (member) => roles[member.role] },
    { key: "status", title: words.status, value: (member) => member.status, render: (member) => <MemberStatus status={member.status} /> },
    {
      key: "login",
      title: words.lastLogin,
      align: "end",
      value: (member) => member.last_login_at,
      render: (member) => (member.last_login_at ? <Ago at={member.last_login_at} /> : <span className="muted">{common.never}</span>),
    },
    {
      key: "created",
      title: words.joined,
      align: "end",
      spare: true,
      value: (member) => member.created_at,
      render: (member) => <DateOnly at={member.created_at} />,
    },
  ];
}
