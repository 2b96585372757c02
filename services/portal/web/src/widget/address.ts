/**
 * The address of a page as others may know it: its path.  What stands behind it can be a name or an e-mail, so a
 * query is only told parameter by parameter, where the site says so (data-query="id,page").  Pure.
 */
const MAX = 2048;

export function address(path: string, query: string, told: readonly string[]): string {
  const from = new URLSearchParams(query);
  const kept = new URLSearchParams();
  for (const name of told)
    for (const value of from.getAll(name))
      kept.append(name, value);
  const rest = kept.toString();
  return (rest ? `${path}?${rest}` : path).slice(0, MAX);
}
