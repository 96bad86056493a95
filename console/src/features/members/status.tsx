import type { Member } from "@/features/members/mutations";
import { useMemberWords } from "@/features/members/words";
import { Status, type Tone } from "@/shared/status";

const tones: Record<Member["status"], Tone> = { active: "good", invited: "info", disabled: "muted" };

export function MemberStatus({ status }: { status: Member["status"] }) {
  const words = useMemberWords();
  return (
    <Status tone={tones[status]} hollow={status !== "active"}>
      {words.statuses[status]}
    </Status>
  );
}
