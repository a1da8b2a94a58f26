/** Two names that differ in nothing but case or composition are one to whoever looks for them. */
const folded = (text: string): string => text.normalize('NFC').toLowerCase();

/**
 * Whether `text` fits a pattern of `*` (any run) and `?` (any one character); case does not count. It takes at most
 * the product of both lengths, whatever somebody else put into the pattern.
 */
function fits(pattern: readonly string[], text: readonly string[]): boolean {
  let [at, next, star, retry] = [0, 0, -1, 0];
  while (at < text.length) {
    if (next < pattern.length && (pattern[next] === '?' || pattern[next] === text[at])) {
      at++;
      next++;
    } else if (pattern[next] === '*') {
      star = next++;
      retry = at;
    } else if (star >= 0) {
      next = star + 1;
      at = ++retry;
    } else return false;
  }
  while (pattern[next] === '*') next++;
  return next === pattern.length;
}

/** Whether a pattern means more than one name. */
export const isPattern = (text: string): boolean => /[*?]/u.test(text);

/** Tests paths: by their last component, or by all of them where the pattern has a `/`; `*` never crosses one. */
export function pathMatcher(pattern: string): (path: string) => boolean {
  const wanted = folded(pattern)
    .split('/')
    .map((component) => Array.from(component));
  return (path) => {
    const components = folded(path).split('/');
    const compared = wanted.length === 1 ? components.slice(-1) : components;
    if (compared.length !== wanted.length) return false;
    return compared.every((component, i) => fits(wanted[i] as string[], Array.from(component)));
  };
}
