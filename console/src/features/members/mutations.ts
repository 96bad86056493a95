import { useQueryClient } from "@tanstack/react-query";
import { api, ask, ifMatch, type Schemas } from "@/api/client";

export type Member = Schemas["Member"];

/** What can be done to members; every change is read back. */
export function useMemberChanges() {
  const queryClient = useQueryClient();
  const again = () => queryClient.invalidateQueries({ queryKey: ["members"] });
  return {
    invite: async (body: Schemas["MemberInvitation"]): Promise<Schemas["InvitedMember"]> => {
      const invited = await ask(api.POST("/api/members", { body }));
      await again();
      return invited;
    },
    renewLink: async (member: Member): Promise<Schemas["InvitedMember"]> => {
      const invited = await ask(api.POST("/api/members/{id}/invitation", { params: { path: { id: member.id } } }));
      await again();
      return invited;
    },
    change: async (member: Member, body: Schemas["MemberChange"]) => {
      const params = { path: { id: member.id } };
      await ask(api.PATCH("/api/members/{id}", { params, body, headers: ifMatch(member.version) }));
      await again();
    },
  };
}
