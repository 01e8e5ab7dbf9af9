/** The target of a request, in two. */
const noQuery: URLSearchParams = new URLSearchParams();

/** Whoever changes the query of one request must not change it in another: an empty one is shared. */
export function splitUrl(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = url.indexOf("?");
  if (mark < 0) return { path: url, query: noQuery };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}
