import { useKeyChanges } from "@/features/keys/mutations";
import type { Key } from "@/features/keys/values";
import { useKeyWords } from "@/features/keys/words";
import { ConfirmDanger } from "@/shared/confirm";
import { useNow } from "@/shared/values";

const DAY = 86_400_000;

export function Revoke({ keys, open, onClose }: { keys: readonly Key[]; open: boolean; onClose: () => void }) {
  const words = useKeyWords();
  const { revoke } = useKeyChanges();
  const now = useNow();
  const [first] = keys;
  if (!first) return null;
  const recent = keys.some((key) => key.last_used_at && now - Date.parse(key.last_used_at) < DAY);
  return (
    <ConfirmDanger
      open={open}
      title={keys.length === 1 ? words.revokeTitle : words.revokeMany(keys.length)}
      losses={[...keys.map((key) => words.lossPrograms(key.name)), ...(recent ? [words.lossRecent] : []), words.lossForever]}
      verb={words.revoke}
      name={keys.length === 1 ? first.name : String(keys.length)}
      act={() => revoke(keys)}
      onClose={onClose}
    />
  );
}
