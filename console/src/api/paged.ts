import { infiniteQueryOptions, queryOptions, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";

const EVERY_MS = 5_000;

interface PageOf<Item> {
  items: Item[];
  next_cursor?: string | null;
}

/** A list that comes by the page, newest first: its pages so far, and the first page alone, to see what is new. */
export const paged = <Item>(queryKey: readonly unknown[], page: (cursor: string | undefined) => Promise<PageOf<Item>>) => ({
  pages: infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam }) => page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    // The last rows stay in place while those of another filter come.
    placeholderData: (before) => before,
  }),
  first: queryOptions({ queryKey: [...queryKey, "first"], queryFn: () => page(undefined) }),
});

export type PagedQuery<Item> = ReturnType<typeof paged<Item>>;

/**
 * The rows so far, and how many have come since. Newer rows wait until they are asked for, so that nothing moves under
 * the reader's eyes; a list that was empty takes them at once. A hidden page and one that `rests` does not look.
 */
export function usePaged<Item>(query: PagedQuery<Item>, idOf: (item: Item) => string, rests: boolean) {
  const queryClient = useQueryClient();
  const pages = useInfiniteQuery(query.pages);
  const read = pages.data !== undefined && !pages.isPlaceholderData;
  const first = useQuery({ ...query.first, enabled: read && !rests, refetchInterval: EVERY_MS, staleTime: EVERY_MS });
  const shown = pages.data?.pages.flatMap(({ items }) => items);
  const known = new Set(shown?.map(idOf));
  const news = (read && first.data?.items.filter((item) => !known.has(idOf(item)))) || [];
  const show = () => {
    if (first.data) queryClient.setQueryData(query.pages.queryKey, { pages: [first.data], pageParams: [undefined] });
  };
  return { pages, rows: shown?.length === 0 ? news : shown, news: shown?.length === 0 ? 0 : news.length, show };
}
